import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { applicationNames, tableOf } from '../../src/config/applications.js'
import { defaultConfig, loadConfig } from '../../src/config/load.js'
import { plainConfig, printConfig, tomlText } from '../../src/config/print.js'
import { camelCase, type Entry, entriesOf, type Table, type Value } from '../../src/config/schema.js'
import { AquaticError } from '../../src/errors.js'
import { scratchFile } from './scratch.js'
import { invalidToml, validValue } from './values.js'

for (const application of applicationNames) {
  test(`${application}: printed defaults load as the defaults`, async t => {
    const table = await tableOf(application)
    const defaults = defaultConfig(table)
    const file = scratchFile(t, printConfig(table, defaults))
    const { config, notices } = await loadConfig(table, { file })
    assert.deepEqual(config, defaults)
    assert.deepEqual(notices, [])
  })

  test(`${application}: printed text has each key under its comment, in 100 columns`, async () => {
    const table = await tableOf(application)
    const lines = printConfig(table, defaultConfig(table)).split('\n')
    assert.equal(lines[0], `# ${table.title}`)
    for (const { key, legacy } of printable(table)) {
      assert.ok(!legacy)
      assert.ok(
        lines.some((line, index) => line.startsWith(`${key} = `) && lines[index - 1]!.startsWith('# ')),
      )
    }
    for (const line of lines) assert.ok(line.length <= 100 || line.startsWith('#   $ '), line)
  })

  test(`${application}: plain values are what a TOML parser finds in the printed text`, async () => {
    const table = await tableOf(application)
    const defaults = defaultConfig(table)
    assert.deepEqual(plainConfig(table, defaults), toPlain(parse(printConfig(table, defaults))))
  })

  test(`${application}: any valid configuration survives being printed and loaded`, async t => {
    const table = { ...(await tableOf(application)), examine: () => [] }
    const entries = printable(table)
    const file = scratchFile(t, '')
    const values = fc.tuple(...entries.map(({ leaf }) => validValue(leaf)))
    await fc.assert(
      fc.asyncProperty(values, async values => {
        const config = configOf(entries, values)
        writeFileSync(file, printConfig(table, config as ReturnType<typeof defaultConfig>))
        assert.deepEqual((await loadConfig(table, { file })).config, config)
      }),
      { numRuns: 100 },
    )
  })

  test(`${application}: a wrong value anywhere is one problem at its line and column`, async t => {
    const table = await tableOf(application)
    const text = printConfig(table, defaultConfig(table))
    const entries = printable(table)
    const file = scratchFile(t, '')
    const cases = fc
      .constantFrom(...entries)
      .chain(entry => fc.tuple(fc.constant(entry), invalidToml(entry.leaf), fc.nat({ max: 9 })))
    await fc.assert(
      fc.asyncProperty(cases, async ([entry, wrong, indent]) => {
        const lines = text.split('\n')
        const index = lineOf(lines, entry)
        lines[index] = `${' '.repeat(indent)}${entry.key} = ${wrong}`
        writeFileSync(file, lines.join('\n'))
        const problems = await loadConfig(table, { file }).then(
          () => assert.fail(`${entry.dotted} = ${wrong} was accepted`),
          (error: unknown) => (error instanceof AquaticError ? error.lines : assert.fail(String(error))),
        )
        assert.equal(problems.length, 1, problems.join('\n'))
        const start = `${file}:${index + 1}:${indent + 1}: ${entry.dotted} is `
        assert.equal(problems[0]!.slice(0, start.length), start)
        assert.match(problems[0]!, /, but must be .+\. .+[.?]$/)
      }),
      { numRuns: 300 },
    )
  })
}

test('texts are written so that TOML reads them back', () => {
  for (const text of ['plain', 'a "b" \\ c', 'tab\tnew\nline', 'del\x7f', 'nul\0', 'ö😀', '\u2028']) {
    assert.equal(parse(`a = ${tomlText(text)}`)['a'], text)
  }
})

function printable(table: Table): Entry[] {
  return [...entriesOf(table).values()].filter(entry => !entry.legacy)
}

/** The line of a key, below the header of its section. */
function lineOf(lines: readonly string[], { section, key }: Entry): number {
  const header = section === undefined ? 0 : lines.indexOf(`[${section}]`)
  const index = lines.findIndex((line, at) => at >= header && line.startsWith(`${key} = `))
  assert.notEqual(index, -1)
  return index
}

function configOf(entries: readonly Entry[], values: readonly Value[]): Record<string, unknown> {
  const config: Record<string, Record<string, Value> | Value> = {}
  for (const [index, { section, key }] of entries.entries()) {
    const value = values[index]!
    if (section === undefined) config[camelCase(key)] = value
    else config[camelCase(section)] = { ...(config[camelCase(section)] as object), [camelCase(key)]: value }
  }
  return config
}

/** Without the null prototypes of the parser. */
function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

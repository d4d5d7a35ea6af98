import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { locateKeys } from '../../src/config/locate.js'

/** `path@line:column` of every key. */
function places(text: string): string[] {
  return locateKeys(text).map(({ path, line, column }) => `${path.join('/')}@${line}:${column}`)
}

test('finds keys, sections and dotted keys', () => {
  const text = 'a = 1\n\n  b=2 # c = 3\n[ net ]\n\td.e = 1\n[net.f."g h"]\ni = 1\n[[list]]\nj = 1\n'
  assert.deepEqual(places(text), [
    'a@1:1',
    'b@3:3',
    'net@4:3',
    'net/d@5:2',
    'net/d/e@5:4',
    'net/f@6:6',
    'net/f/g h@6:8',
    'net/f/g h/i@7:1',
    'list@8:3',
    'list/j@9:1',
  ])
})

test('is not confused by strings, arrays and inline tables', () => {
  const text = [
    's = """',
    'no = 1',
    '[no]',
    '\\""" = still inside """""',
    "t = '''",
    "no = ''' # no = 2",
    'u = "a # \\" b" # no',
    "v = 'c:\\'",
    'w = [',
    '  1, # no = 1',
    '  "]", { no = 1 },',
    '  [ "=" ],',
    ']',
    'x = { y = 1, "z" = { deep = [1] }, q.r = "}" }',
    'end = true',
  ].join('\r\n')
  const expected = [
    's@1:1',
    't@5:1',
    'u@7:1',
    'v@8:1',
    'w@9:1',
    'x@14:1',
    'x/y@14:7',
    'x/z@14:14',
    'x/z/deep@14:22',
  ]
  assert.deepEqual(places(text), [...expected, 'x/q@14:36', 'x/q/r@14:38', 'end@15:1'])
  assert.deepEqual(Object.keys(parse(text)), ['s', 't', 'u', 'v', 'w', 'x', 'end'])
})

test('up to two quotes may stand before the closing three', () => {
  for (const quote of ['"', "'"]) {
    for (const closing of [3, 4, 5]) {
      const text = `x = { a = ${quote.repeat(3)}b${quote.repeat(closing)}, c = 1 }\nd = 1`
      assert.deepEqual(places(text), ['x@1:1', 'x/a@1:7', `x/c@1:${17 + closing}`, 'd@2:1'])
      assert.deepEqual(Object.keys(parse(text)['x'] as object), ['a', 'c'])
    }
  }
})

test('reads the escapes of quoted keys', () => {
  const text = '"\\u0061\\t\\"\\U0001F600" = 1\n\'\\u0061\' = 2'
  assert.deepEqual(
    locateKeys(text).map(place => place.path),
    [['a\t"😀'], ['\\u0061']],
  )
  assert.deepEqual(locateKeys(text).find(({ path }) => path.join('.') === '\\u0061')?.line, 2)
})

test('agrees with the parser about every key of random documents', () => {
  const key = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
    fc.string({ maxLength: 8 }).map(name => JSON.stringify(name).replaceAll('\x7f', '\\u007f')),
  )
  const scalar = fc.constantFrom(
    '1',
    '"x = 1"',
    "'#'",
    'true',
    '1.5',
    '"""\n[a]\nb = 1\n"""',
    "'''\n'''",
    '[1, [2]]',
  )
  const value = fc.oneof(
    scalar,
    fc
      .uniqueArray(key, { maxLength: 3 })
      .map(names => `{ ${names.map(name => `${name} = [ "}" ]`).join(', ')} }`),
  )
  const gap = fc.constantFrom('\n', '\n\n', ' # [no]\n', '\r\n', '\n\t')
  const pair = fc.tuple(key, value, gap).map(([name, text, end]) => `${name} = ${text}${end}`)
  const section = fc.tuple(key, gap).map(([name, end]) => `[${name}]${end}`)
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: pair }, section), { maxLength: 12 }),
      statements => {
        const text = statements.join('')
        let document: unknown
        try {
          document = parse(text)
        } catch (error) {
          // The same key twice; the locator only has to survive.
          assert.ok(error instanceof Error)
        }
        const found = locateKeys(text)
        if (document === undefined) return
        const expected = new Set(pathsOf(document).map(path => JSON.stringify(path)))
        assert.deepEqual(new Set(found.map(place => JSON.stringify(place.path))), expected)
        const lines = text.split('\n')
        for (const { path, line, column } of found) {
          const written = lines[line - 1]!.slice(column - 1)
          const name = path.at(-1)!
          assert.ok(
            written.startsWith(name) || /^["']/.test(written),
            `${JSON.stringify(path)} at ${written}`,
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('survives any text and stays inside of it', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '"""',
    '\\',
    '=',
    '.',
    ',',
    '#',
    '\n',
    'a',
    ' ',
    '1',
  )
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(piece, { maxLength: 40 }).map(all => all.join('')),
  )
  fc.assert(
    fc.property(text, text => {
      const lines = text.split('\n')
      for (const { line, column } of locateKeys(text)) {
        assert.ok(line >= 1 && line <= lines.length)
        assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1)
      }
    }),
    { numRuns: 2000 },
  )
})

/** Every path of nested tables; arrays are leaves. */
function pathsOf(document: unknown, prefix: readonly string[] = []): string[][] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return []
  return Object.entries(document).flatMap(([name, value]) => {
    const path = [...prefix, name]
    return [path, ...pathsOf(value, path)]
  })
}

// Rules of the house that a compiler does not know: which room may import which, and words that must not stay.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { errorCodes } from '../src/errors.js'
import { packageRoot } from './support/tracker-process.js'

/** What each room may import besides itself and `errors`. */
const mayImport: Record<string, readonly string[]> = {
  commands: ['config', 'trackers', 'loadtest', 'bench', 'tui', 'metrics', 'log', 'protocol'],
  trackers: ['config', 'swarm', 'net', 'metrics', 'protocol', 'log'],
  loadtest: ['config', 'net', 'protocol'],
  // Of the load test a bench reads the published result, the hashes it asks for, and its probe.
  bench: ['config', 'net', 'loadtest', 'protocol'],
  tui: [],
  config: ['protocol'],
  swarm: ['protocol'],
  net: ['protocol'],
  metrics: ['protocol'],
  protocol: [],
  log: [],
  errors: [],
}

interface SourceFile {
  readonly path: string
  readonly text: string
}

function filesBelow(directory: string): SourceFile[] {
  const root = join(packageRoot, directory)
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(ts|tsx)$/.test(entry.name))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .map(path => ({ path: relative(packageRoot, path), text: readFileSync(path, 'utf8') }))
}

const source = filesBelow('src')
const tests = filesBelow('test')

/** `src/net/native/libc.ts` -> `net`, `src/errors.ts` -> `errors`. */
const roomOf = (path: string): string => path.split('/')[1].replace(/\.[jt]s$/, '')

function importsOf({ path, text }: SourceFile): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1])
  return specifiers.map(specifier => join(dirname(path), specifier))
}

/** Lines of the files that match, as `path:line`. */
function findLines(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, index) => (pattern.test(line) ? `${path}:${index + 1}: ${line.trim()}` : ''))
      .filter(found => found !== ''),
  )
}

describe('tidy', () => {
  it('imports point down only', () => {
    const wrong = source.flatMap(file =>
      importsOf(file)
        .map(target => [roomOf(file.path), roomOf(target)])
        .filter(([from, to]) => from !== to && to !== 'errors' && !mayImport[from]?.includes(to))
        .map(([from, to]) => `${file.path}: ${from} imports ${to}`),
    )
    assert.deepEqual(wrong, [])
  })

  it('every import leads to a file', () => {
    const missing = source.flatMap(file =>
      importsOf(file)
        .filter(
          target =>
            !['.ts', '.tsx'].some(end => existsSync(resolve(packageRoot, target.replace(/\.js$/, end)))),
        )
        .map(target => `${file.path}: ${target}`),
    )
    assert.deepEqual(missing, [])
  })

  it('only two files call koffi: the system calls, and the OpenSSL inside node', () => {
    const namers = source.filter(({ text }) => /['"]koffi['"]|@koromix/.test(text)).map(({ path }) => path)
    assert.deepEqual(namers, ['src/net/native/koffi.ts'])
    const users = source.filter(({ text }) => /\/koffi\.js['"]/.test(text)).map(({ path }) => path)
    assert.deepEqual(users.sort(), ['src/net/native/libc.ts', 'src/net/native/openssl.ts'])
  })

  it('no change is left half merged', () => {
    const documents = ['README.md', 'CHANGELOG.md', ...readdirSync(join(packageRoot, 'docs'))]
      .filter(name => name.endsWith('.md'))
      .map(name => (existsSync(join(packageRoot, name)) ? name : join('docs', name)))
      .map(path => ({ path, text: readFileSync(join(packageRoot, path), 'utf8') }))
    assert.deepEqual(findLines([...source, ...tests, ...documents], /^(<{7}|>{7}) /), [])
  })

  it('nothing is left undone, swallowed or printed past the reporters', () => {
    const undone = new RegExp(['FIX', 'TO'].map((start, index) => start + ['ME', 'DO'][index]).join('|'))
    assert.deepEqual(findLines([...source, ...tests], undone), [])
    assert.deepEqual(findLines(source, /catch *(\([^)]*\))? *\{ *\}/), [])
    assert.deepEqual(findLines(source, /\bconsole\./), [])
    assert.deepEqual(findLines(source, /: any\b|<any>|as any\b/), [])
  })

  it('tests wait for events, not for time', () => {
    const waiting = /\b(setTimeout|sleep|delay)\(|timers\/promises/
    assert.deepEqual(
      findLines(tests, waiting).filter(line => !line.startsWith('test/tidy.test.ts')),
      [],
    )
  })

  it('comments are at most 120 characters wide', () => {
    assert.deepEqual(findLines([...source, ...tests], /^(?=\s*(\/\/|\/\*|\*)).{121,}$/), [])
  })

  it('files stay readable: a long one says on its first line why', () => {
    const long = source
      .filter(
        ({ text }) =>
          text.split('\n').length > 450 && !/longer|table|state machine/i.test(text.split('\n')[0]),
      )
      .map(({ path }) => path)
    assert.deepEqual(long, [])
  })

  it('every error code is documented', () => {
    const page = readFileSync(join(packageRoot, 'docs/errors.md'), 'utf8')
    // Not all are in the catalogue: those of the command line have no other place than where they are said.
    const said = source.flatMap(({ text }) => [...text.matchAll(/'(AQ_[A-Z_]+)'/g)].map(([, code]) => code))
    assert.ok(said.includes('AQ_USAGE'))
    assert.deepEqual(
      [...errorCodes, ...said].filter(code => !page.includes(`\`${code}\``)),
      [],
    )
  })

  it('every dependency has its line in PRINCIPLES.md', () => {
    const page = readFileSync(join(packageRoot, 'docs/PRINCIPLES.md'), 'utf8')
    const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)]
    assert.deepEqual(
      names.filter(name => name !== '@types/node' && !page.includes(`\`${name}\``)),
      [],
    )
  })
})

// What is in the package that npm writes: the program, and nothing that its users have no use for.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../support/tracker-process.js'
import { pack, temporaryDirectory } from './packed.js'

/** A sixth more than it was when this was written; whoever raises one says in the commit what for. */
const MOST_BYTES = 700_000
const MOST_UNPACKED_BYTES = 2_700_000
const MOST_FILES = 600

/** Everything that may be in it. */
const PLACES = [
  /^(package\.json|oclif\.manifest\.json|README\.md|CHANGELOG\.md|bin\/aquatic\.js)$/,
  /^dist\/src\/[\w/-]+\.js$/,
  /^man\/aquatic[\w-]*\.1$/,
  /^schemas\/[\w-]+\.json$/,
  /^docs\/([\w-]+\.(service|socket)|grafana-dashboard\.json)$/,
]

test('a plain npm pack of a clone that is built', async t => {
  const packed = await pack(t, temporaryDirectory(t))
  const paths = packed.files.map(({ path }) => path)
  const below = (directory: string): string[] => paths.filter(path => path.startsWith(directory)).sort()

  await t.test('has the program and what belongs to it, and nothing else: no tests, sources, maps', () => {
    assert.deepEqual(
      paths.filter(path => !PLACES.some(place => place.test(path))),
      [],
    )
  })

  await t.test('has every module of the sources, and none that is gone from them', () => {
    const sources = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
    const modules = sources.filter(path => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    const compiled = modules.map(path => `dist/src/${path.replace(/\.tsx?$/, '.js')}`)
    assert.deepEqual(below('dist/src/'), compiled.sort())
  })

  await t.test('has the man pages that package.json names, one for each command', () => {
    const { man } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
    assert.deepEqual(below('man/'), man.map((path: string) => path.replace('./', '')).sort())
    const { commands } = JSON.parse(readFileSync(join(packageRoot, 'oclif.manifest.json'), 'utf8'))
    const shown = Object.values(commands as Record<string, { id: string; hidden?: boolean }>)
    const pages = shown.filter(({ hidden }) => hidden !== true).map(({ id }) => id.replaceAll(':', '-'))
    assert.deepEqual(
      pages.filter(page => page !== 'autocomplete' && !paths.includes(`man/aquatic-${page}.1`)),
      [],
    )
  })

  await t.test('is small', () => {
    const { size, unpackedSize } = packed
    assert.ok(size > 0 && size <= MOST_BYTES, `${size} bytes`)
    assert.ok(unpackedSize <= MOST_UNPACKED_BYTES, `${unpackedSize} bytes unpacked`)
    assert.ok(paths.length <= MOST_FILES, `${paths.length} files`)
  })
})

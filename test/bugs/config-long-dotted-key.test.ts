// A key of twenty thousand dotted parts, 40 kB of a valid file, was walked for a minute and a half before it was
// refused: each part was kept with the whole path that leads to it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locateKeys } from '../../src/config/locate.js'

const keptParts = (text: string): number => locateKeys(text).reduce((sum, { path }) => sum + path.length, 0)

test('a dotted key costs no more than its first parts, however long it is', () => {
  const key = 'a.'.repeat(100_000)
  for (const text of [`${key}a = 1`, `[${key}a]\nb = 1`, `[${key}a]\nb = { c = 1 }\n[d]\n`]) {
    assert.ok(keptParts(text) < 50)
  }
})

test('what follows such a key has its place', () => {
  const places = locateKeys(`[x.${'a.'.repeat(100)}a]\nb = 1\n[d]\n  e = 2\n`)
  assert.deepEqual(places.at(-1), { path: ['d', 'e'], line: 4, column: 3 })
})

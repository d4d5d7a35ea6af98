// Whether a configuration file has changed since the start: once for each change, whatever happens to the file.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FileChange } from '../../src/config/file-change.js'
import { scratchDirectory, scratchFile } from './scratch.js'

test('each change is seen once, also one that keeps the size', async t => {
  const file = scratchFile(t, 'a = 1\n')
  utimesSync(file, 1, 1)
  const change = await FileChange.since(file)
  const looks = async () => [await change.isNew(), await change.isNew()]
  assert.deepEqual(await looks(), [false, false])
  writeFileSync(`${file}.new`, 'a = 2\n')
  renameSync(`${file}.new`, file)
  assert.deepEqual(await looks(), [true, false])
  writeFileSync(file, 'a = 12\n')
  assert.deepEqual(await looks(), [true, false])
})

test('a file that is gone or as it was at start has not changed', async t => {
  const file = scratchFile(t, 'a = 1\n')
  utimesSync(file, 1, 1)
  const change = await FileChange.since(file)
  rmSync(file)
  assert.equal(await change.isNew(), false)
  writeFileSync(file, 'a = 2\n')
  assert.equal(await change.isNew(), true)
  utimesSync(file, 1, 1)
  assert.equal(await change.isNew(), false)
})

test('nothing is known of a pipe', { skip: process.platform === 'win32' }, async t => {
  const pipe = join(scratchDirectory(t), 'tracker.toml')
  execFileSync('mkfifo', [pipe])
  const change = await FileChange.since(pipe)
  rmSync(pipe)
  writeFileSync(pipe, 'a = 1\n')
  assert.equal(await change.isNew(), false)
})

// With HOME kept from another user (`sudo -u`, `su`), every command began with node's warning that
// .local/share/aquatic/package.json can't be read: the library of the command line looked for plugins there, and would
// have run what that file names.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runAquatic } from '../cli/run.js'
import { scratchDirectory } from '../config/scratch.js'

test('no plugins are sought in the home folder', async t => {
  const home = scratchDirectory(t)
  const data = join(home, '.local/share/aquatic')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'package.json'), 'not JSON')
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'print', 'udp'], { env: { HOME: home } })
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(stdout, /^\[network\]$/m)
})

test('a home folder that can not be entered is none', async t => {
  const file = join(scratchDirectory(t), 'file')
  writeFileSync(file, '')
  const { exitCode, stderr } = await runAquatic(['config', 'print', 'udp'], { env: { HOME: file } })
  assert.deepEqual([exitCode, stderr], [0, ''])
})

// As a user without a line in /etc/passwd (the container's), and without HOME and SHELL, every command ended with
// "uv_os_get_passwd returned ENOENT", from the library that asks for the shell.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isRoot } from '../support/privileges.js'
import { binaryArguments } from '../support/tracker-process.js'

const USER = 65532

test('a user that is only a number can run commands', t => {
  if (!isRoot(t)) return
  assert.doesNotMatch(readFileSync('/etc/passwd', 'utf8'), new RegExp(`:${USER}:`))
  const as = { uid: USER, gid: USER, cwd: '/', encoding: 'utf8', env: {} } as const
  const words = binaryArguments('config', 'print', 'udp')
  if (spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(words[0])})`], as).status !== 0) {
    t.skip('the folder of the source is not open to other users')
    return
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, words, as)
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^\[network\]$/m)
})

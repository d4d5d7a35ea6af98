#!/usr/bin/env node
import { tmpdir, userInfo } from 'node:os'

// A user who is but a number, as in containers, has no line in /etc/passwd. Libraries that ask for such a user's home
// folder or shell end with an error, the first of them while it is loaded.
try {
  userInfo()
} catch (error) {
  if (error.code !== 'ERR_SYSTEM_ERROR') throw error
  process.env.HOME ??= tmpdir()
  process.env.SHELL ??= '/bin/sh'
}

const { execute } = await import('@oclif/core/execute')
await execute({ dir: import.meta.url })

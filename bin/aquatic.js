#!/usr/bin/env node
// Plain JavaScript without imports of packages, so that it can say what is missing where nothing else runs.
import { existsSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'

// SIGUSR1 asks for a reload, at any time. Unless somebody listens, node opens a debugger at it, through which every
// user of this machine can run what they like: so this comes before anything is loaded.
process.on('SIGUSR1', () => undefined)
// So does SIGHUP, to a tracker: it would end it. All that a reload reads is read later than this, so that there is
// nothing to be done about one that comes now. Other commands end with their terminal.
if (/^serve(:|$)/.test(process.argv[2] ?? '')) process.on('SIGHUP', () => undefined)

/** As `engines` in package.json. */
const [majorMin, minorMin] = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < majorMin || (major === majorMin && minor < minorMin)) {
  refuse(
    `aquatic needs Node ${majorMin}.${minorMin} or newer, this is ${process.versions.node}.`,
    'install a newer Node',
  )
} else if (!existsSync(new URL('../dist/src/commands', import.meta.url))) {
  refuse('This copy of aquatic was never built.', 'npm ci && npm run build, in its source')
} else {
  nameHome()
  const { execute } = await import('@oclif/core/execute')
  // Plugins that somebody installed for themselves are no part of this: their list would be sought in the home folder,
  // which need not be this user's, and what it names would run as the tracker.
  await execute({ loadOptions: { root: fileURLToPath(import.meta.url), userPlugins: false } })
}

function refuse(cause, remedy) {
  process.stderr.write(`error: ${cause}\n  try: ${remedy}\n`)
  process.exitCode = 1
}

/**
 * A user who is but a number, as in containers, has no line in /etc/passwd. Libraries that ask for such a user's home
 * folder or shell end with an error, the first of them while it is loaded.
 */
function nameHome() {
  try {
    userInfo()
  } catch (error) {
    if (error.code !== 'ERR_SYSTEM_ERROR') throw error
    process.env.HOME ??= tmpdir()
    process.env.SHELL ??= '/bin/sh'
  }
}

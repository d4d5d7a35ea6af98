// What is installed with the program brings no script that runs at install.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { packageRoot } from '../support/tracker-process.js'

interface LockedPackage {
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  /** Only there where something else brings it: not installed with this program. */
  readonly peer?: boolean
  readonly optional?: boolean
}

it('nothing that is installed with the program brings an install script', () => {
  const lock = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'))
  const packages = Object.entries(lock.packages as Record<string, LockedPackage>)
  const scripted = packages.filter(([, is]) => is.hasInstallScript === true && is.dev !== true)
  const names = scripted.map(([path]) => path.replace(/^node_modules\//, ''))
  // These ws can use where they are; webtorrent, a development dependency, has them, and a user's installation not.
  const strangers = new Set(['bufferutil', 'utf-8-validate'])
  assert.deepEqual(
    names.filter(name => !strangers.has(name)),
    [],
  )
})

it('npm runs no install scripts in a clone', () => {
  assert.match(readFileSync(join(packageRoot, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m)
})

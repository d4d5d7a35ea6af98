// What a clone that is not built does, and what sees to it that nobody publishes one.

import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { startProcess } from '../support/child-process.js'
import { cleanEnvironment, packageRoot } from '../support/tracker-process.js'
import { outsideNpm, temporaryDirectory } from './packed.js'

/** The clone without what the build writes. */
function unbuiltClone(t: TestContext): string {
  const clone = temporaryDirectory(t)
  for (const name of ['bin', 'package.json', '.npmrc']) {
    cpSync(join(packageRoot, name), join(clone, name), { recursive: true })
  }
  symlinkSync(join(packageRoot, 'node_modules'), join(clone, 'node_modules'))
  return clone
}

it('a copy that was packed without a build says so', async t => {
  const program = join(unbuiltClone(t), 'bin/aquatic.js')
  const child = startProcess(t, process.execPath, [program, 'serve'], { env: cleanEnvironment() })
  const { code, stdout, stderr } = await child.ended
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.equal(
    stderr,
    'error: This copy of aquatic was never built.\n  try: npm ci && npm run build, in its source\n',
  )
})

it('npm publish builds, though .npmrc forbids scripts', async t => {
  const clone = unbuiltClone(t)
  const manifest = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'))
  assert.equal(manifest.scripts.prepack, 'npm run --silent build')
  // Stands for the build, which takes long, and would take the files away from under other tests.
  manifest.scripts.build = 'node build.mjs'
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(clone, 'build.mjs'), "import { mkdirSync } from 'node:fs'\nmkdirSync('built')\n")
  // Nothing is asked there: an address that refuses, so that no mistake can publish anything.
  const args = ['publish', '--dry-run', '--registry', 'http://127.0.0.1:9', '--fetch-retries', '0']
  const { code, stderr } = await startProcess(t, 'npm', args, { cwd: clone, env: outsideNpm() }).ended
  assert.equal(code, 0, stderr)
  assert.ok(existsSync(join(clone, 'built')), stderr)
})

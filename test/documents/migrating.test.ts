// The configuration that docs/migrating.md shows is one that the tracker takes as it stands.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { runAquatic } from '../cli/run.js'
import { packageRoot } from '../support/tracker-process.js'

it('the file for those who come from opentracker passes config check', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-migrating-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const page = readFileSync(join(packageRoot, 'docs/migrating.md'), 'utf8')
  const [, shown] = /```toml\n([\s\S]*?)```/.exec(page) ?? []
  assert.ok(shown, 'a block of TOML')
  const list = join(directory, 'whitelist.txt')
  writeFileSync(list, `${'0123456789'.repeat(4)}\n`)
  const file = join(directory, 'tracker.toml')
  // Whether opentracker's own port is free here is this machine's affair: whoever has it, any other will do.
  const addresses = shown.replaceAll(/:6969"$/gm, ':0"')
  assert.equal(addresses.match(/:0"$/gm)?.length, 4, 'four addresses')
  writeFileSync(file, addresses.replace('/etc/opentracker/whitelist.txt', list))
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'check', '-c', file])
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /: ok/)
})

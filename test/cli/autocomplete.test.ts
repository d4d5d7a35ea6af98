import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { canRun } from '../support/child-process.js'
import { meets } from '../support/requirement.js'
import { runAquatic } from './run.js'

test('completion for bash completes topics, commands and flags', async t => {
  if (!meets(t, { 'bash is not installed': !canRun('bash', ['--version']) })) return
  const home = scratchDirectory(t)
  const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache') }
  const made = await runAquatic(['autocomplete', 'bash'], { env })
  assert.equal(made.exitCode, 0)
  assert.match(made.stdout, /aquatic autocomplete script bash/)
  const script = await runAquatic(['autocomplete', 'script', 'bash'], { env })
  const setup = /=(\S+bash_setup) /.exec(script.stdout)?.[1]
  assert.ok(setup?.startsWith(home) && readFileSync(setup, 'utf8').includes('source'), script.stdout)

  const complete = (...words: readonly string[]): string[] => {
    const line = words.map(word => `'${word}'`).join(' ')
    const program = `
      ${script.stdout}
      COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}
      _aquatic_autocomplete
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program], { encoding: 'utf8' })
    assert.equal(stderr, '')
    const completions = stdout
      .split('\n')
      .map(word => word.trim())
      .filter(word => word !== '')
    // A word that is a command and a topic comes twice; bash takes it for one.
    return [...new Set(completions)].sort()
  }
  assert.deepEqual(complete('aquatic', 'ser'), ['serve'])
  assert.deepEqual(complete('aquatic', 'config', ''), ['check', 'diff', 'explain', 'print', 'schema'])
  assert.deepEqual(complete('aquatic', 'config', 'print', '--eff'), ['--effective'])
})

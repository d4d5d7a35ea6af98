// `aquatic help`, as other programs have it, beside `--help`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runAquatic } from './run.js'

test('help shows what --help shows: of all, of a topic, of a command', async () => {
  for (const words of [
    [],
    ['config'],
    ['serve'],
    ['serve', 'udp'],
    ['config', 'explain'],
    ['autocomplete'],
  ]) {
    const [help, flag] = await Promise.all([runAquatic(['help', ...words]), runAquatic([...words, '--help'])])
    assert.match(help.stdout, /USAGE\n {2}\$ aquatic/, words.join(' '))
    assert.deepEqual(help, flag)
    assert.deepEqual([help.exitCode, help.stderr], [0, ''])
  }
})

test('help of what is not there is a usage error that knows what was meant', async () => {
  const { exitCode, stdout, stderr } = await runAquatic(['help', 'serve', 'upd'])
  assert.deepEqual([exitCode, stdout], [2, ''])
  assert.equal(
    stderr,
    'error: There is no command serve upd. Did you mean serve udp?\n  try: aquatic serve --help\n',
  )
})

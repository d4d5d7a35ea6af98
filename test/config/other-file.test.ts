// A file of one tracker for all of them, and the other way round, is one sentence and not one for each key.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableOf } from '../../src/config/applications.js'
import { defaultConfig, loadConfig } from '../../src/config/load.js'
import { printConfig } from '../../src/config/print.js'
import { serveTable } from '../../src/config/serve.js'
import { AquaticError } from '../../src/errors.js'
import { problemsOf } from './problems.js'
import { dataFile, scratchFile } from './scratch.js'

type Name = 'udp' | 'http' | 'ws' | 'serve'

async function refusal(name: Name, file: string): Promise<{ message: string; remedy: string | undefined }> {
  const error = await loadConfig(await tableOf(name), { file }).then(
    () => assert.fail('it loaded'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof AquaticError, String(error))
  assert.equal(error.code, 'AQ_CONFIG_INVALID')
  assert.deepEqual(error.lines, [error.message])
  return { message: error.message, remedy: error.remedy }
}

const ofOne = (file: string): string => `${file} is the file of one tracker, not of all in one process.`

test('the file of one tracker, given to all of them', async t => {
  for (const name of ['udp', 'http', 'ws'] as const) {
    const table = await tableOf(name)
    const printed = scratchFile(t, printConfig(table, defaultConfig(table)))
    const older = dataFile(`${name === 'udp' ? '' : `${name}-`}released-0.9.0.toml`)
    for (const file of [printed, older]) {
      assert.deepEqual(await refusal('serve', file), {
        message: ofOne(file),
        remedy: `aquatic serve ${name} -c ${file}, or aquatic config check ${name} -c ${file}`,
      })
    }
  }
})

test('one with a slip, and one that could be of several', async t => {
  const slip = scratchFile(t, 'socket_workers = 1\n[network]\nbatch_size = 2\nadress_ipv4 = "127.0.0.1:1"\n')
  assert.match(
    (await refusal('serve', slip)).remedy!,
    /^aquatic serve udp -c \S+, or aquatic config check udp -c \S+$/,
  )
  const small = scratchFile(t, 'socket_workers = 1\n')
  const { message, remedy } = await refusal('serve', small)
  assert.equal(message, ofOne(small))
  assert.equal(
    remedy,
    `aquatic serve udp -c ${small}, or aquatic config check udp -c ${small}; or http, or ws, whose it is`,
  )
})

test('the file of all trackers, given to one', async t => {
  const texts = [printConfig(serveTable, defaultConfig(serveTable)), '[udp]\nsocket_workers = 2\n']
  for (const file of texts.map(text => scratchFile(t, text))) {
    assert.deepEqual(await refusal('http', file), {
      message: `${file} is the file of all trackers in one process, not of http alone.`,
      remedy: `aquatic serve -c ${file}, or aquatic config check -c ${file}`,
    })
  }
})

test('slips in a right file are said one by one, as before', async t => {
  const all = scratchFile(t, '[udp]\nsocket_worker = 2\n[udp.network]\nadress_ipv4 = "127.0.0.1:1"\n')
  assert.deepEqual(await problemsOf(serveTable, { file: all }), [
    `${all}:2:1: unknown key udp.socket_worker. Did you mean udp.socket_workers?`,
    `${all}:4:1: unknown key udp.network.adress_ipv4. Did you mean udp.network.address_ipv4?`,
  ])
  const one = scratchFile(t, 'socket_workers = 2\n[network]\nbatch_size = 2\n[upd]\nenabled = true\n')
  assert.match((await problemsOf(await tableOf('udp'), { file: one }))[0]!, /:4:2: unknown section \[upd\]\./)
  const loadTest = scratchFile(t, '[udp]\nsocket_workers = 2\n')
  assert.match(
    (await problemsOf(await tableOf('loadtest-udp'), { file: loadTest }))[0]!,
    /unknown section \[udp\]/,
  )
})

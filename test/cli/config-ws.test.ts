// The `config` commands for the WebTorrent tracker and for all trackers together, on the built binary.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { defaultConfig } from '../../src/config/load.js'
import { printConfig } from '../../src/config/print.js'
import { serveTable } from '../../src/config/serve.js'
import { wsTable } from '../../src/config/ws.js'
import { dataFile, scratchFile } from '../config/scratch.js'
import { type Finished, runAquatic } from './run.js'

test('what is printed is accepted, without a word; no protocol is all of them', async t => {
  for (const [args, text] of [
    [['ws'], printConfig(wsTable, defaultConfig(wsTable))],
    [[], printConfig(serveTable, defaultConfig(serveTable))],
    [['serve'], printConfig(serveTable, defaultConfig(serveTable))],
  ] as const) {
    const printed = await runAquatic(['config', 'print', ...args])
    assert.deepEqual(printed, { exitCode: 0, stdout: `${text}\n`, stderr: '' })
    const file = scratchFile(t, printed.stdout)
    const checked = await runAquatic(['config', 'check', ...args, '--no-machine', '-c', file])
    assert.deepEqual(checked, { exitCode: 0, stdout: `${file}: ok\n`, stderr: '' })
  }
})

test('a file of release 0.9.0 is ok, and diff says what its older keys are', async () => {
  const file = dataFile('ws-released-0.9.0.toml')
  const checked = await runAquatic(['config', 'check', 'ws', '--no-machine', '-c', file])
  assert.deepEqual(checked, { exitCode: 0, stdout: `${file}: ok\n`, stderr: '' })
  const { stdout, stderr } = await runAquatic(['config', 'diff', 'ws', '-c', file])
  assert.match(stdout, /^network.websocket_max_frame_size: 65536 \(default\) -> 16384 \(/m)
  for (const key of ['swarm_workers', 'network.address', 'metrics.peer_id_prefixes']) {
    assert.ok(stderr.includes(`: ${key} is a key of older files.`), key)
  }
})

test('keys are explained, and the schema has every part', async () => {
  const key = await runAquatic(['config', 'explain', 'ws', 'network.websocket_write_buffer_size'])
  assert.match(key.stdout, /Effect {9}none: messages are sent at once/)
  const inPart = await runAquatic(['config', 'explain', 'serve', 'ws.cleaning.ping_interval'])
  assert.match(inPart.stdout, /AQUATIC_SERVE__WS__CLEANING__PING_INTERVAL/)
  const schema = JSON.parse((await runAquatic(['config', 'schema', '--json'])).stdout)
  const ws = schema.properties.ws.properties
  assert.deepEqual(
    ['enabled', 'network', 'swarm', 'protocol', 'cleaning'].filter(part => !(part in ws)),
    [],
  )
})

test('all differences of the common file are shown', async () => {
  const { exitCode, stdout } = await runAquatic([
    'config',
    'diff',
    '--set',
    'ws.network.redirect=https://example.org/',
  ])
  assert.equal(exitCode, 0)
  assert.equal(
    stdout,
    'ws.network.redirect: "" (default) -> "https://example.org/" (--set ws.network.redirect)\n',
  )
})

test('a port that HTTP and WebTorrent share is asked for once', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const busy = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const check = (addresses: Readonly<Record<'http' | 'ws', string>>): Promise<Finished> => {
    const sets = ['udp.enabled=false', 'http.socket_workers=1', 'ws.socket_workers=0']
    for (const part of ['http', 'ws'] as const) {
      sets.push(`${part}.network.use_ipv6=false`, `${part}.network.address_ipv4=${addresses[part]}`)
    }
    return runAquatic(['config', 'check', ...sets.flatMap(set => ['--set', set])])
  }
  const errorsOf = ({ stderr }: Finished): string[] =>
    stderr.split('\n').filter(line => line.startsWith('error: '))
  const shared = errorsOf(await check({ http: busy, ws: busy }))
  assert.equal(shared.length, 1)
  assert.match(shared[0]!, new RegExp(`^error: --set http.network.address_ipv4: tcp ${busy} is taken by `))
  const apart = errorsOf(await check({ http: '127.0.0.1:0', ws: busy }))
  assert.match(apart.join(), new RegExp(`^error: --set ws.network.address_ipv4: tcp ${busy} is taken by `))
})

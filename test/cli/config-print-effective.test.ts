import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { parse } from 'smol-toml'
import { loadConfig } from '../../src/config/load.js'
import { plainConfig } from '../../src/config/print.js'
import { udpTable } from '../../src/config/udp.js'
import { scratchFile } from '../config/scratch.js'
import { runAquatic } from './run.js'

const print = ['config', 'print', 'udp']

/** What a TOML text says, without the null prototypes of the parser. */
const plain = (toml: string): unknown => JSON.parse(JSON.stringify(parse(toml)))

test('--minimal is the same values without comments', async () => {
  const { exitCode, stdout } = await runAquatic([...print, '--minimal'])
  assert.equal(exitCode, 0)
  assert.doesNotMatch(stdout, /#/)
  assert.match(stdout, /^socket_workers = 0\nlog_level = "warn"\n\n\[network\]\nengine = "auto"\n/)
  const full = await runAquatic(print)
  assert.deepEqual(parse(stdout), parse(full.stdout))
})

test('--section prints one section, and knows what was meant', async () => {
  const { stdout } = await runAquatic([...print, '--section', 'protocol', '--minimal'])
  const expected =
    '[protocol]\nmax_scrape_torrents = 70\nmax_response_peers = 30\npeer_announce_interval = 900\n'
  assert.equal(stdout, expected)
  const json = JSON.parse((await runAquatic([...print, '--section', 'protocol', '--json'])).stdout)
  assert.deepEqual(json.config, plain(expected))
  const commented = await runAquatic([...print, '--section', 'protocol'])
  assert.match(commented.stdout, /^# What clients are told\.\n\[protocol\]\n/)
  const wrong = await runAquatic([...print, '--section', 'protocoll'])
  assert.deepEqual([wrong.exitCode, wrong.stdout], [2, ''])
  assert.match(wrong.stderr.replace(/[\s›]+/g, ' '), /Did you mean \[protocol\]\?/)
})

test('--effective --origin: each value with where it came from', async t => {
  const file = scratchFile(t, 'socket_workers = 3\n[network]\naddress = "127.0.0.1:7000"\n  batch_size = 9\n')
  const env = { AQUATIC_UDP__NETWORK__ENGINE: 'node', AQUATIC_UDP__SOCKET_WORKERS: '4' }
  const args = [...print, '--effective', '--origin', '-c', file, '--set', 'network.poll_timeout_ms=7']
  const { exitCode, stdout, stderr } = await runAquatic([...args, '--minimal'], { env })
  assert.deepEqual([exitCode, stderr], [0, ''])
  for (const line of [
    'socket_workers = 4 # AQUATIC_UDP__SOCKET_WORKERS',
    'log_level = "warn" # default',
    'engine = "node" # AQUATIC_UDP__NETWORK__ENGINE',
    `use_ipv6 = false # ${file}:3:1`,
    `address_ipv4 = "127.0.0.1:7000" # ${file}:3:1`,
    `batch_size = 9 # ${file}:4:3`,
    'poll_timeout_ms = 7 # --set network.poll_timeout_ms',
  ]) {
    assert.ok(stdout.split('\n').includes(line), `${line}\n${stdout}`)
  }
  const { origins, config } = JSON.parse((await runAquatic([...args, '--json'], { env })).stdout)
  assert.deepEqual(origins['network.batch_size'], { kind: 'file', file, line: 4, column: 3 })
  assert.deepEqual(origins['network.engine'], { kind: 'environment', name: 'AQUATIC_UDP__NETWORK__ENGINE' })
  assert.deepEqual(origins['network.poll_timeout_ms'], {
    kind: 'flag',
    flag: '--set network.poll_timeout_ms',
  })
  assert.deepEqual(origins['log_level'], { kind: 'default' })
  assert.deepEqual(config, plain(stdout))
})

test('a flag of its own is named as it was given, and counts more than --set', async () => {
  const flags = ['--log-level', 'debug', '--set', 'log_level=off']
  const { exitCode, stdout } = await runAquatic([...print, '--effective', '--origin', '--minimal', ...flags])
  assert.equal(exitCode, 0)
  assert.match(stdout, /^log_level = "debug" # --log-level$/m)
})

test('what is printed as effective loads as the same', async t => {
  const file = scratchFile(
    t,
    '[network]\naddress = "[::1]:7000"\nonly_ipv6 = true\n[cleaning]\nmax_peer_age = 1300',
  )
  const { stdout } = await runAquatic([...print, '--effective', '--origin', '-c', file])
  const again = await loadConfig(udpTable, { file: scratchFile(t, stdout) })
  const once = await loadConfig(udpTable, { file })
  assert.deepEqual(plainConfig(udpTable, again.config), plainConfig(udpTable, once.config))
})

test('a file name can not end its comment', async t => {
  const file = `${scratchFile(t, '')}\nsocket_workers = 7`
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, 'log_level = "off"')
  const { stdout } = await runAquatic([...print, '--effective', '--origin', '-c', file])
  assert.equal(parse(stdout)['socket_workers'], 0)
})

test('file and flags without --effective are usage errors, not ignored', async () => {
  for (const flags of [['-c', 'x'], ['--set', 'socket_workers=1'], ['--origin']]) {
    const { exitCode, stdout, stderr } = await runAquatic([...print, ...flags])
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(stderr, /--effective/)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataFile, scratchFile } from '../config/scratch.js'
import { runAquatic } from './run.js'

const diff = ['config', 'diff', 'udp']

test('only what differs from the defaults, with both values and who said so', async t => {
  const file = scratchFile(t, 'socket_workers = 0\nlog_level = "error"\n[network]\nbatch_size = 9\n')
  const env = { AQUATIC_UDP__NETWORK__ENGINE: 'node' }
  const args = [...diff, '-c', file, '--set', 'network.batch_size=10']
  assert.deepEqual(await runAquatic(args, { env }), {
    exitCode: 0,
    stdout: [
      `log_level: "warn" (default) -> "error" (${file}:2:1)`,
      'network.engine: "auto" (default) -> "node" (AQUATIC_UDP__NETWORK__ENGINE)',
      'network.batch_size: 256 (default) -> 10 (--set network.batch_size)',
      '',
    ].join('\n'),
    stderr: '',
  })
  const json = JSON.parse((await runAquatic([...args, '--json'], { env })).stdout)
  assert.deepEqual(json, {
    application: 'udp',
    left: 'defaults',
    right: file,
    differences: [
      {
        key: 'log_level',
        left: { value: 'warn', origin: { kind: 'default' } },
        right: { value: 'error', origin: { kind: 'file', file, line: 2, column: 1 } },
      },
      {
        key: 'network.engine',
        left: { value: 'auto', origin: { kind: 'default' } },
        right: { value: 'node', origin: { kind: 'environment', name: 'AQUATIC_UDP__NETWORK__ENGINE' } },
      },
      {
        key: 'network.batch_size',
        left: { value: 256, origin: { kind: 'default' } },
        right: { value: 10, origin: { kind: 'flag', flag: '--set network.batch_size' } },
      },
    ],
    legacy: [],
    notices: [],
  })
})

test('two files are compared as they are, whatever the environment says', async t => {
  const left = scratchFile(t, 'socket_workers = 2\n[network]\nbatch_size = 9\n')
  const right = scratchFile(t, 'socket_workers = 3\n[network]\nbatch_size = 9\nengine = "node"')
  const env = { AQUATIC_UDP__SOCKET_WORKERS: '5' }
  const { exitCode, stdout, stderr } = await runAquatic([...diff, left, right], { env })
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.equal(
    stdout,
    `socket_workers: 2 (${left}:1:1) -> 3 (${right}:1:1)\n` +
      `network.engine: "auto" (default) -> "node" (${right}:4:1)\n`,
  )
})

test('keys of older files are named with what became of them', async t => {
  const file = scratchFile(t, '[network]\naddress = "0.0.0.0:3000"\n')
  const { exitCode, stdout, stderr } = await runAquatic([...diff, '-c', file])
  assert.equal(exitCode, 0)
  assert.equal(stdout, `network.use_ipv6: true (default) -> false (${file}:2:1)\n`)
  assert.ok(stderr.startsWith(`note: ${file}:2:1: network.address is a key of older files. `), stderr)
  const json = JSON.parse(
    (await runAquatic([...diff, dataFile('released-0.9.0.toml'), file, '--json'])).stdout,
  )
  const keys = ['address', 'only_ipv6', 'use_io_uring', 'ring_size', 'resend_buffer_max_len', 'address']
  assert.deepEqual(
    json.legacy.map(({ key }: { key: string }) => key),
    keys.map(key => `network.${key}`),
  )
})

test('no difference is said on stderr, and stdout is empty', async t => {
  const file = scratchFile(t, '')
  assert.deepEqual(await runAquatic([...diff, '-c', file]), {
    exitCode: 0,
    stdout: '',
    stderr: `note: no differences between defaults and ${file}\n`,
  })
})

test('a broken file, one file alone, and files with flags end with 2', async t => {
  const broken = scratchFile(t, 'x = 1')
  assert.equal((await runAquatic([...diff, '-c', broken])).exitCode, 2)
  const alone = await runAquatic([...diff, broken])
  assert.deepEqual([alone.exitCode, alone.stdout], [2, ''])
  assert.match(alone.stderr.replace(/[\s›]+/g, ' '), /Name two files/)
  assert.equal((await runAquatic([...diff, broken, broken, '--set', 'socket_workers=1'])).exitCode, 2)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entriesOf } from '../../src/config/schema.js'
import { udpTable } from '../../src/config/udp.js'
import { scratchFile } from '../config/scratch.js'
import { runAquatic } from './run.js'

const explain = ['config', 'explain', 'udp']
const key = 'network.socket_recv_buffer_size'

test('one key: what it does, what it may be, and what each source says', async t => {
  const file = scratchFile(t, '[network]\nsocket_recv_buffer_size = 100\n')
  const args = [...explain, key, '-c', file, '--set', `${key}=7`]
  const { exitCode, stdout, stderr } = await runAquatic(args)
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.ok(stdout.startsWith(`${key}\n\n  Receive buffer of each socket.`), stdout)
  for (const line of [
    '    $ sudo sysctl -w net.core.rmem_max=8000000',
    '  Type           integer',
    '  Default        8000000',
    '  Unit           bytes',
    '  Allowed        an integer from 1 to 1073741823 bytes, or 0 (leave it to the operating system)',
    '  Environment    AQUATIC_UDP__NETWORK__SOCKET_RECV_BUFFER_SIZE',
    '    default      8000000',
    `    file         100 (${file}:2:1)`,
    '    environment  -',
    `    flag         7 (--set ${key})  <- counts`,
  ]) {
    assert.ok(stdout.split('\n').includes(line), `${line}\n${stdout}`)
  }
  const json = JSON.parse((await runAquatic([...args, '--json'])).stdout)
  const { text, ...facts } = json
  assert.match(text, /^Receive buffer/)
  assert.deepEqual(facts, {
    application: 'udp',
    key,
    type: 'integer',
    default: 8000000,
    unit: 'bytes',
    min: 1,
    max: 1073741823,
    zeroMeans: 'leave it to the operating system',
    allowed: 'an integer from 1 to 1073741823 bytes, or 0 (leave it to the operating system)',
    environment: 'AQUATIC_UDP__NETWORK__SOCKET_RECV_BUFFER_SIZE',
    legacy: false,
    hasEffect: true,
    layers: [
      { source: 'default', value: 8000000 },
      { source: 'file', value: 100, origin: { kind: 'file', file, line: 2, column: 1 } },
      { source: 'environment' },
      { source: 'flag', value: 7, origin: { kind: 'flag', flag: `--set ${key}` } },
    ],
  })
})

test('a refused value is shown with the reason, and nothing then counts', async () => {
  const { exitCode, stdout } = await runAquatic([
    ...explain,
    'network.batch_size',
    '--set',
    'network.batch_size=x',
  ])
  assert.equal(exitCode, 0)
  assert.match(stdout, /^ {4}flag {9}refused \(--set network\.batch_size\): network\.batch_size is "x", but/m)
  assert.doesNotMatch(stdout, /<- counts/)
})

test("an older file's key explains where today's value comes from", async t => {
  const file = scratchFile(t, '[network]\naddress = "127.0.0.1:7000"\n')
  const todays = await runAquatic([...explain, 'network.address_ipv4', '-c', file])
  assert.ok(todays.stdout.includes(`file         "127.0.0.1:7000" (${file}:2:1)  <- counts`), todays.stdout)
  const older = await runAquatic([...explain, 'network.address', '-c', file])
  assert.ok(older.stdout.includes(`file         "127.0.0.1:7000" (${file}:2:1)  <- counts`), older.stdout)
  assert.match(older.stdout, /Older files {4}accepted/)
})

test('a key without an effect says why', async () => {
  const { stdout } = await runAquatic([...explain, 'network.ring_size'])
  assert.match(stdout, /^ {2}Effect {9}none: there is no ring/m)
})

test('without a key, and with a section, keys are listed, one in a line', async () => {
  const { stdout } = await runAquatic(explain)
  const keys = [...entriesOf(udpTable).keys()]
  const firstWords = stdout
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ')[0])
  assert.deepEqual(firstWords, keys)
  const section = JSON.parse((await runAquatic([...explain, 'swarm', '--json'])).stdout)
  assert.deepEqual(section.keys, [
    {
      key: 'swarm.memory_limit',
      type: 'integer',
      default: 0,
      text: 'The most memory that torrents and peers may take.',
      legacy: false,
    },
  ])
})

test('an unknown key is a usage error that knows what was meant', async () => {
  const { exitCode, stdout, stderr } = await runAquatic([...explain, 'network.adress_ipv4'])
  assert.deepEqual([exitCode, stdout], [2, ''])
  assert.match(
    stderr.replace(/[\s›]+/g, ' '),
    /unknown key network\.adress_ipv4\. Did you mean network\.address_ipv4\?/,
  )
})

test('schema is JSON on stdout, with --json in one line', async () => {
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'schema', 'udp'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  const json = await runAquatic(['config', 'schema', 'udp', '--json'])
  assert.match(json.stdout, /^[^\n]+\n$/)
  assert.deepEqual(JSON.parse(stdout), JSON.parse(json.stdout))
})

test('every config command has help with an example', async () => {
  for (const command of ['print', 'check', 'diff', 'explain', 'schema']) {
    const { exitCode, stdout } = await runAquatic(['config', command, '--help'])
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`EXAMPLES[^$]*\\$ aquatic config ${command} udp`))
  }
})

test('a key without its application says how to name it', async () => {
  for (const [word, application] of [
    ['network.engine', 'udp'],
    ['network', 'udp'],
    ['protocol.max_peers', 'http'],
    ['ws.enabled', 'serve'],
  ] as const) {
    const { exitCode, stdout, stderr } = await runAquatic(['config', 'explain', word])
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.equal(
      stderr,
      `error: Name the application first: aquatic config explain ${application} ${word}.\n` +
        '  try: aquatic config explain --help\n',
    )
  }
  const other = await runAquatic(['config', 'explain', 'upd'])
  assert.match(other.stderr, /^error: Expected upd to be one of: udp, http, /)
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataFile, scratchDirectory, scratchFile } from '../config/scratch.js'
import { runAquatic } from './run.js'

/** What the machine says is in config-check-machine.test.ts. */
const check = ['config', 'check', 'udp', '--no-machine']
const broken = 'socket_workers = 5000\n[network]\n  adress_ipv4 = "x"\n'
const workersProblem =
  'socket_workers is 5000, but must be an integer from 1 to 1024, or 0 (one for each processor ' +
  'this process may use). Try 1024.'
const keyProblem = 'unknown key network.adress_ipv4. Did you mean network.address_ipv4?'
const remedy = 'aquatic config print udp shows every key with its default and what it may be.'

test('a good file is ok; what has no effect is named on stderr', async () => {
  const file = dataFile('released-0.9.0.toml')
  const { exitCode, stdout, stderr } = await runAquatic([...check, '--config', file])
  assert.equal(exitCode, 0)
  assert.equal(stdout, `${file}: ok\n`)
  assert.match(stderr, /^note: network\.use_io_uring has no effect: .+\n$/)
  const quiet = await runAquatic([...check, '-q', '-c', file])
  assert.deepEqual(quiet, { exitCode: 0, stdout, stderr: '' })
})

test('without a file it checks environment and flags', async () => {
  const { exitCode, stdout } = await runAquatic([...check, '--set', 'socket_workers=2'])
  assert.deepEqual([exitCode, stdout], [0, 'environment and flags: ok\n'])
  const wrong = await runAquatic(check, { env: { AQUATIC_UDP__NETWORK__BATCH_SIZE: '0' } })
  assert.equal(wrong.exitCode, 2)
  assert.match(
    wrong.stderr,
    /^error: AQUATIC_UDP__NETWORK__BATCH_SIZE: network.batch_size is 0, but must be /,
  )
})

test('all problems at once on stderr, then what to do, with exit code 2', async t => {
  const file = scratchFile(t, broken)
  const { exitCode, stdout, stderr } = await runAquatic([
    ...check,
    '-c',
    file,
    '--set',
    'x=1',
    '--set',
    'y=2',
  ])
  assert.equal(exitCode, 2)
  assert.equal(stdout, '')
  const nowhere = 'Keys outside of sections are socket_workers, log_level.'
  assert.deepEqual(stderr.split('\n'), [
    `error: ${file}:1:1: ${workersProblem}`,
    `error: ${file}:3:3: ${keyProblem}`,
    `error: --set x: unknown key x. ${nowhere}`,
    `error: --set y: unknown key y. ${nowhere}`,
    `  try: ${remedy}`,
    '',
  ])
})

test('--json puts result and errors into one line on stdout', async t => {
  const file = dataFile('development.toml')
  const good = await runAquatic([...check, '--json', '-c', file])
  assert.equal(good.exitCode, 0)
  assert.equal(good.stderr, '')
  const result = JSON.parse(good.stdout)
  assert.deepEqual(
    { ...result, notices: result.notices.length },
    { application: 'udp', ok: true, file, notices: 1, findings: [] },
  )

  const bad = scratchFile(t, broken)
  const { exitCode, stdout, stderr } = await runAquatic([...check, '-c', bad, '--json'])
  assert.deepEqual([exitCode, stderr], [2, ''])
  assert.match(stdout, /^[^\n]+\n$/)
  assert.deepEqual(JSON.parse(stdout), {
    error: {
      code: 'AQ_CONFIG_INVALID',
      message: 'The configuration has 2 problems; nothing was started.',
      problems: [`${bad}:1:1: ${workersProblem}`, `${bad}:3:3: ${keyProblem}`],
      remedy,
    },
  })
})

test('a missing file is one sentence, a remedy and exit code 2', async t => {
  const file = join(scratchDirectory(t), 'tracker.toml')
  const sentence = `Cannot read the configuration file ${file}: there is no such file.`
  const plain = await runAquatic([...check, '-c', file])
  const stderr = `error: ${sentence}\n  try: aquatic config print udp > ${file}\n`
  assert.deepEqual(plain, { exitCode: 2, stdout: '', stderr })
  const json = await runAquatic([...check, '-c', file, '--json'])
  assert.equal(json.exitCode, 2)
  assert.deepEqual(JSON.parse(json.stdout).error, {
    code: 'AQ_CONFIG_UNREADABLE',
    message: sentence,
    remedy: `aquatic config print udp > ${file}`,
  })
})

test('--log-level is a setting like others and the last word', async () => {
  const env = { AQUATIC_UDP__LOG_LEVEL: 'loud' }
  assert.equal((await runAquatic([...check, '--log-level', 'debug'], { env })).exitCode, 2)
  assert.equal((await runAquatic([...check, '--log-level', 'debug'])).exitCode, 0)
  const wrong = await runAquatic([...check, '--log-level', 'loud'])
  assert.equal(wrong.exitCode, 2)
  assert.match(wrong.stderr.replace(/[\s›]+/g, ' '), /off, error, warn, info, debug, trace/)
})

test('usage errors end with 2, under --json as JSON', async () => {
  const unknown = await runAquatic([...check, '--colour'])
  assert.equal(unknown.exitCode, 2)
  assert.equal(unknown.stderr, 'error: Nonexistent flag: --colour\n  try: aquatic config check --help\n')
  const json = await runAquatic([...check, '--json', '--colour'])
  assert.deepEqual([json.exitCode, json.stderr], [2, ''])
  assert.deepEqual(JSON.parse(json.stdout), {
    error: { code: 'AQ_USAGE', message: 'Nonexistent flag: --colour' },
  })
})

test('a command that is not there is a usage error, with what was meant', async () => {
  const topic = await runAquatic(['serve', 'upd'])
  const meant = 'There is no command serve upd. Did you mean serve udp?'
  assert.deepEqual(topic, {
    exitCode: 2,
    stdout: '',
    stderr: `error: ${meant}\n  try: aquatic serve --help\n`,
  })
  const other = await runAquatic(['nonsense-of-all-kinds'])
  assert.deepEqual(other, {
    exitCode: 2,
    stdout: '',
    stderr: 'error: There is no command nonsense-of-all-kinds.\n  try: aquatic --help\n',
  })
  const json = await runAquatic(['serve', 'upd', '--json'])
  assert.deepEqual([json.exitCode, json.stderr], [2, ''])
  assert.deepEqual(JSON.parse(json.stdout), { error: { code: 'AQ_USAGE', message: meant } })
})

test('a stack is shown to those who ask for it, and only to them', async () => {
  const args = [...check, '-c', '/']
  assert.doesNotMatch((await runAquatic(args)).stderr, /\n\s+at /)
  assert.match((await runAquatic(args, { env: { DEBUG: 'aquatic' } })).stderr, /\n\s+at /)
})

test('variables that the application does not read are a warning, with the name that it reads', async () => {
  const env = { AQUATIC_WS__CLEANING__MAX_PEER_AGE: '1801' }
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'check', '--no-machine'], { env })
  assert.deepEqual(
    [exitCode, stdout, stderr],
    [
      0,
      'environment and flags: ok, with 1 warning\n',
      'warning: AQUATIC_WS__CLEANING__MAX_PEER_AGE has no effect, as aquatic serve does not read it.\n' +
        '  try: set AQUATIC_SERVE__WS__CLEANING__MAX_PEER_AGE\n',
    ],
  )
  const own = await runAquatic(['config', 'check', 'ws', '--no-machine'], { env })
  assert.deepEqual([own.exitCode, own.stderr], [0, ''])
})

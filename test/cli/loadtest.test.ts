// `aquatic loadtest` as its users run it: against a real tracker, nobody, or one that dies.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { ExitCode } from '../../src/errors.js'
import { dataFile, scratchDirectory } from '../config/scratch.js'
import { opensslMissing } from '../support/certificates.js'
import type { RunningProcess } from '../support/child-process.js'
import { schemaProblems } from '../support/json-schema.js'
import { assertEnds } from '../support/load-verdict.js'
import { meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'
import { packageRoot, startBinary, startTracker } from '../support/tracker-process.js'
import { runAquatic } from './run.js'

/** Small and short: what is tested is the command. A drain is over with the last answer, however late it is. */
const small = ['--torrents', '1000', '--warmup', '0', '--drain', '60', '--workers', '1']
const short = [...small, '--peers', '1000', '--duration', '0.5']

function start(t: TestContext, args: readonly string[]): RunningProcess {
  return startBinary(t, ['loadtest', ...args], {})
}

const suite = { after: (end: () => void) => after(end) }
const udp = await startTracker(suite, { families: [4] })
const http = await startTracker(suite, { families: [4], protocol: 'http' })
const udpUrl = udp.announceUrl(4)
const httpUrl = http.announceUrl(4)

describe('aquatic loadtest', () => {
  it('prints its result to stdout and its progress to stderr', async () => {
    const { stdout, stderr, exitCode } = await runAquatic(['loadtest', 'udp', udpUrl, ...short])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^udp:\/\/127\.0\.0\.1:\d+ answered [\d,]+ requests per second: /)
    assert.match(stdout.replace(/\s+/g, ' '), /mix connect 50 announce 50 scrape 1/)
    assert.match(stdout, /\nannounce +[\d,]+ /)
    // A phase that takes more than five seconds has another line.
    assert.match(stderr, /^(connect .*\n)+(warm-up .*\n)*(measure .*\n)+(drain .*\n)+done .*\n$/)
    assert.ok(!(stdout + stderr).includes('\x1b'))
  })

  it('takes URL, flags, environment and file, in this order', async () => {
    const env = {
      AQUATIC_LOADTEST_UDP__SERVER_ADDRESS: '127.0.0.1:1',
      AQUATIC_LOADTEST_UDP__SEED: '7',
      AQUATIC_LOADTEST_UDP__LOAD__RATE: '1k',
    }
    const args = ['loadtest', 'udp', udpUrl, ...short, '--json', '--rate', '2k', '--spacing', 'poisson']
    const more = ['--mix', '0:3:1', '--numwant=-1', '-c', dataFile('loadtest-udp.toml')]
    const { stdout, exitCode } = await runAquatic([...args, ...more], { env })
    const { plan, ...document } = JSON.parse(stdout)
    assertEnds(exitCode, document)
    assert.deepEqual(
      [plan.seed, plan.pacing.stages[0].from, plan.pacing.spacing, plan.numwant, plan.connectionsPerWorker],
      [7, 2000, 'poisson', -1, 4],
    )
    assert.deepEqual(plan.mix, { connect: 0, announce: 3, scrape: 1 })
  })

  it('loads HTTP trackers: kept alive, with and without scheme, one connection each', async () => {
    const address = httpUrl.slice('http://'.length).split('/')[0]
    for (const args of [
      [httpUrl],
      [address],
      [httpUrl, '--no-keep-alive'],
      [httpUrl, '--engine', 'native'],
    ]) {
      const all = [
        'loadtest',
        'http',
        ...args,
        ...short,
        '--connections',
        '8',
        '--slo',
        'loss<1%',
        '--slo',
        'rate>10',
      ]
      const { stdout, stderr, exitCode } = await runAquatic(all)
      assert.equal(exitCode, 0, `${args.join(' ')}: ${stdout}${stderr}`)
      assert.match(stdout, /✓ loss<1%/)
    }
  })

  it('loads WebTorrent trackers, with aquatic 0.9’s file', async t => {
    const tracker = await startTracker(t, { families: [4], protocol: 'ws' })
    const file = [
      '-c',
      dataFile('loadtest-ws.toml'),
      '--offers',
      '2',
      '--workers',
      '1',
      '--connections',
      '20',
    ]
    const args = [
      'loadtest',
      'ws',
      tracker.announceUrl(4),
      ...file,
      '--duration',
      '0.5',
      '--warmup',
      '0',
      '--json',
    ]
    const { stdout, stderr, exitCode } = await runAquatic([
      ...args,
      '--slo',
      'announce.rate>10',
      '--slo',
      'loss<1%',
    ])
    assert.equal(exitCode, 0, stderr)
    const { plan, kinds } = JSON.parse(stdout)
    assert.deepEqual(
      [plan.connectionsPerWorker, plan.ws.offersPerAnnounce, plan.target.isTls],
      [20, 2, false],
    )
    assert.ok(kinds.find(({ kind }: { kind: string }) => kind === 'offer').outcomes.answered > 0)
  })

  it('finds out that TLS is spoken where nothing says it', async t => {
    if (!meets(t, opensslMissing())) return
    const { tracker } = await TlsTracker.start(t, 'native', { commonName: 'a' })
    const address = `127.0.0.1:${tracker.port(4)}`
    const args = ['loadtest', 'http', address, ...short, '--connections', '4', '--slo', 'loss<1%', '-q']
    const { stdout, exitCode } = await runAquatic(args)
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /^https:\/\/127\.0\.0\.1:\d+\/announce answered /)
    const checked = await runAquatic([...args, '--verify-certificate'])
    assert.equal(checked.exitCode, 1)
    assert.match(checked.stderr, /^error: The certificate of .* is not accepted: /)
  })

  it('prints one JSON document that its schema describes, and nothing else', async t => {
    const directory = scratchDirectory(t)
    const out = join(directory, 'result.json')
    const page = join(directory, 'report.html')
    const args = [
      'loadtest',
      'udp',
      udpUrl,
      ...short,
      '--json',
      '--out',
      out,
      '--out',
      page,
      '--slo',
      'p99<10s',
    ]
    const { stdout, stderr, exitCode } = await runAquatic(args)
    assert.deepEqual([exitCode, stderr], [0, ''])
    const document = JSON.parse(stdout)
    const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/load-test-result.json'), 'utf8'))
    assert.deepEqual(schemaProblems(schema, document), [])
    assert.deepEqual(document.command.slice(0, 4), ['aquatic', 'loadtest', 'udp', udpUrl])
    assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), document)
    assert.match(readFileSync(page, 'utf8'), /^<!doctype html>/i)
    const { objectives, isInterrupted, verdict } = document
    assert.deepEqual(
      [objectives[0].text, objectives[0].isMet, isInterrupted, verdict],
      ['p99<10s', true, false, 'valid'],
    )
  })

  it('does so because a file says it', async () => {
    const set = ['output.json=true', 'output.quiet=true'].flatMap(text => ['--set', text])
    const { stdout, stderr } = await runAquatic(['loadtest', 'udp', udpUrl, ...short, ...set])
    assert.equal(JSON.parse(stdout).schemaVersion, 1)
    assert.equal(stderr, '')
  })

  it('ends with 3 where an objective was missed', async () => {
    const slo = ['--slo', 'announce.p99<1us', '--slo', 'loss<=100%']
    const { stdout, exitCode } = await runAquatic(['loadtest', 'udp', udpUrl, ...short, ...slo, '-q'])
    assert.equal(exitCode, 3)
    assert.match(stdout, /✗ announce\.p99<1us .*\n✓ loss<=100%/)
  })

  it('ends with 4, and says nothing about the tracker, where the load test was the limit', async () => {
    const args = ['loadtest', 'udp', udpUrl, ...short, '--rate', '1000M', '-q', '--slo', 'p99<1us']
    const { stdout, exitCode } = await runAquatic(args)
    assert.equal(exitCode, 4, stdout)
    assert.match(stdout, /^The load test was the limit, not udp:/)
    assert.doesNotMatch(stdout, /answered|p99<1us/)
  })

  it('searches the highest rate, and says how far it is', async t => {
    const out = join(scratchDirectory(t), 'result.json')
    const args = ['loadtest', 'udp', udpUrl, ...small, '--peers', '1000', '--search', '--duration', '0.3']
    const limits = ['--set', 'search.max_rate=2k', '--set', 'search.short_trial=0.2', '--slo', 'p99<10s']
    const { stdout, stderr, exitCode } = await runAquatic([...args, ...limits, '--out', out])
    assertEnds(exitCode, JSON.parse(readFileSync(out, 'utf8')))
    assert.match(stderr, /\ntrial 1: /)
    assert.match(stdout, /Search, \d+ trials/)
  })

  it('Ctrl-C ends the measurement: the result so far, marked, and 130', async t => {
    const child = start(t, ['udp', udpUrl, ...small, '--peers', '1000', '--duration', '0'])
    await child.waitForLines('stderr', /^measure /)
    child.signal('SIGINT')
    const { code, stdout } = await child.ended
    assert.equal(code, 130)
    assert.match(stdout, /\nInterrupted: measured /)
  })

  it('SIGTERM too, with 143; the document says so', async t => {
    const out = join(scratchDirectory(t), 'result.json')
    const child = start(t, ['udp', udpUrl, ...small, '--peers', '1000', '--rate', '500', '--out', out])
    await child.waitForLines('stderr', /^measure /)
    child.signal('SIGTERM')
    assert.equal((await child.ended).code, 143)
    assert.equal(JSON.parse(readFileSync(out, 'utf8')).isInterrupted, true)
  })

  it('a second Ctrl-C ends at once', async t => {
    const port = await answeringConnectsOnly(t)
    const waits = [
      '--timeout',
      '100s',
      '--drain',
      '100s',
      '--mix',
      '0:1:0',
      '--duration',
      '0',
      '--warmup',
      '0',
    ]
    const child = start(t, ['udp', `127.0.0.1:${port}`, '--torrents', '9', '--peers', '9', ...waits])
    await child.waitForLines('stderr', /^measure /)
    child.signal('SIGINT')
    await child.waitForLines('stderr', /^drain /, 2)
    child.signal('SIGINT')
    assert.equal((await child.ended).code, 130)
  })

  it('a tracker that dies half-way leaves what was measured', async t => {
    const mortal = await startTracker(t, { families: [4] })
    const out = join(scratchDirectory(t), 'result.json')
    const args = [mortal.announceUrl(4), ...small, '--peers', '1000', '--duration', '2', '--timeout', '500ms']
    const child = start(t, ['udp', ...args, '--rate', '500', '--slo', 'loss<1%', '--out', out])
    await child.waitForLines('stderr', /^measure /)
    await mortal.stop('SIGKILL')
    const { code, stdout } = await child.ended
    const { objectives, ...document } = JSON.parse(readFileSync(out, 'utf8'))
    assert.equal(objectives[0].isMet, false)
    // Whether a first answer came before its end is a matter of luck.
    const isSilent = document.verdict === 'no-answers'
    if (isSilent) assert.equal(code, ExitCode.failure)
    else assertEnds(code, document, ExitCode.objectiveMissed)
    assert.equal(stdout.includes('answered nothing'), isSilent, stdout)
  })

  it('says who is not there, and how to start one: 1', async () => {
    // tcpmux: no machine has it any more, and the system gives it to nobody who asks for any port.
    const port = 1
    const { stdout, stderr, exitCode } = await runAquatic(['loadtest', 'udp', `127.0.0.1:${port}`, ...short])
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(
      stderr,
      /^error: No tracker answers at 127\.0\.0\.1:\d+: nobody listens there.*\n {2}try: start a tracker/,
    )
    const json = await runAquatic(['loadtest', 'ws', `ws://127.0.0.1:${port}`, '--json'])
    assert.equal(JSON.parse(json.stdout).error.code, 'AQ_TARGET_SILENT')
    assert.equal(json.exitCode, 1)
    const name = await runAquatic(['loadtest', 'http', 'http://nosuch.invalid/announce'])
    assert.match(name.stderr, /^error: The name nosuch\.invalid does not resolve/)
    assert.equal(name.exitCode, 1)
    const other = await runAquatic(['loadtest', 'ws', `ws://${httpUrl.slice('http://'.length)}`])
    assert.match(other.stderr, /^error: ws:.* answered the WebSocket upgrade with /)
    assert.equal(other.exitCode, 1)
  })

  it('says all that is wrong with flags and file at once: 2', async () => {
    const wrong = ['udp://a:1', '--rate', '0', '--mix', '1', '--stage', 'x', '--slo', 'announce.p9x<3ms']
    const { stdout, stderr, exitCode } = await runAquatic([
      'loadtest',
      'http',
      ...wrong,
      '--duration',
      'soon',
    ])
    assert.deepEqual([exitCode, stdout], [2, ''])
    const places = stderr.split('\n').flatMap(line => /^error: ([^:]+):/.exec(line)?.[1] ?? [])
    assert.deepEqual(places.sort(), ['--duration', '--mix', '--rate', '--slo', '--stage', 'URL'])
    const json = await runAquatic(['loadtest', 'udp', '--rate', 'x', '--json'])
    assert.equal(JSON.parse(json.stdout).error.code, 'AQ_CONFIG_INVALID')
    const flag = await runAquatic(['loadtest', 'udp', '--conections', '3'])
    assert.equal(flag.exitCode, 2)
    assert.match(flag.stderr, /^error: Nonexistent flag: --conections/)
  })

  it('knows before the run that there are not as many descriptors as connections: 1', async () => {
    const { stderr, exitCode } = await runAquatic(['loadtest', 'http', httpUrl, '--connections', '5000'], {
      wrapper: ['prlimit', '--nofile=1000:1000'],
    })
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^error: \d+ connections and \d+ other files and sockets are needed at once, and the limit is 1000\./,
    )
  })

  it('can be stopped before anything was measured: 130', async t => {
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    const asked = once(socket, 'message')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const child = start(t, ['udp', `127.0.0.1:${socket.address().port}`, ...short])
    await asked
    child.signal('SIGINT')
    const { code, stdout, stderr } = await child.ended
    assert.deepEqual([code, stdout, stderr], [130, '', 'note: interrupted before anything was measured.\n'])
  })

  it('knows before the run that a file can’t be written: 2', async () => {
    const { stderr, exitCode } = await runAquatic([
      'loadtest',
      'udp',
      udpUrl,
      ...short,
      '--out',
      '/nonexistent/a.json',
    ])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: \/nonexistent\/a\.json can't be written: /)
  })

  for (const protocol of ['udp', 'http', 'ws']) {
    it(`${protocol} has a help with examples, and a configuration`, async () => {
      const help = await runAquatic(['loadtest', protocol, '--help'])
      assert.equal(help.exitCode, 0)
      assert.match(help.stdout, new RegExp(`EXAMPLES\\n {2}\\$ aquatic loadtest ${protocol} --duration 60\n`))
      const application = `loadtest-${protocol}`
      const file = dataFile(`loadtest-${protocol}.toml`)
      for (const args of [['print'], ['check', '-c', file], ['diff', '-c', file], ['schema']]) {
        const [command, ...rest] = args
        const { exitCode, stderr } = await runAquatic(['config', command, application, ...rest])
        assert.equal(exitCode, 0, `${command}: ${stderr}`)
      }
      const { stdout } = await runAquatic(['config', 'explain', application, 'duration'])
      assert.match(stdout, /Flag +--duration or --set duration=30/)
    })
  }
})

/** Gives out connection ids, and answers nothing else. */
async function answeringConnectsOnly(t: TestContext): Promise<number> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  socket.on('message', (request, { address, port }) => {
    if (request.length !== 16) return
    socket.send(Buffer.concat([Buffer.alloc(4), request.subarray(12), Buffer.alloc(8)]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

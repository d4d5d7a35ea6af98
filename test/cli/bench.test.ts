// `aquatic bench` as its users run it: with results, interrupted, killed, and with what it can't do.

import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { CellResult } from '../../src/bench/cell-result.js'
import { BenchWorld } from '../support/bench-process.js'
import { schemaProblems } from '../support/json-schema.js'
import { packageRoot } from '../support/tracker-process.js'
import { runAquatic } from './run.js'

const world = new BenchWorld({ after: (end: () => void) => after(end) })
const run = (...args: string[]) => runAquatic(['bench', ...args], { env: world.environment })

/** Of ours alone. */
const small = [
  ...['--contender', 'aquatic', '--workload', 'udp-mixed', '--quick'],
  ...['--warmup', '0', '--peers', '2000'],
]
const tiny = [...small, '--duration', '1']
/** For what ends it: on the slowest machine it is not over before. */
const endless = [...small, '--duration', '3000', '--blocks', '1']
const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/bench-report.json'), 'utf8'))

const resultsIn = (directory: string): CellResult[] =>
  readFileSync(join(directory, 'results.ndjson'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as CellResult)

/** A copy of results with something changed. */
function copyOf(directory: string, name: string, change: (result: CellResult) => CellResult): string {
  const copy = world.path(name)
  cpSync(directory, copy, { recursive: true })
  const lines = resultsIn(directory).map(result => `${JSON.stringify(change(result))}\n`)
  writeFileSync(join(copy, 'results.ndjson'), lines.join(''))
  return copy
}

function slower({ figures, ...result }: CellResult): CellResult {
  const saturation = figures!.saturation!
  const { responsesPerSecond } = saturation
  const slow = { ...saturation, processorsUsed: 1, responsesPerSecond: responsesPerSecond / 2 }
  return { ...result, figures: { ...figures!, saturation: slow } }
}

/** A tracker that kept its processor busy: its rate is its own, and no bound. */
function saturated({ figures, ...result }: CellResult): CellResult {
  const saturation = { ...figures!.saturation!, processorsUsed: 1 }
  return { ...result, figures: { ...figures!, saturation } }
}

function assertNothingLeft(): void {
  assert.deepEqual(world.started(), [])
  assert.deepEqual(world.leftovers(), [])
}

describe('aquatic bench list', () => {
  it('says who is here and how to get the others', async () => {
    const { stdout, stderr, exitCode } = await run('list')
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^aquatic +aquatic +\d+\.\d+\.\d+/m)
    assert.match(stdout, /^wt-tracker +wt-tracker +no wt-tracker in PATH\n {2}git clone /m)
    const widest = Math.max(...stdout.split('\n').map(line => line.length))
    assert.equal(widest, 80, 'as wide as a terminal of which nothing is known')
  })

  it('as JSON', async () => {
    const { stdout, exitCode } = await run('list', '--json', '--path', 'chihaya=/nowhere/chihaya')
    const { contenders } = JSON.parse(stdout) as { contenders: { key: string; reason: string | null }[] }
    const of = (key: string) => contenders.find(contender => contender.key === key)!
    assert.equal(exitCode, 0)
    assert.equal(of('aquatic').reason, null)
    assert.match(of('chihaya').reason!, /^\/nowhere\/chihaya is not an executable file \(ENOENT\)$/)
  })
})

describe('aquatic bench', () => {
  const out = world.path('whole')

  it('prints its table to stdout and its progress to stderr, and writes its reports', async () => {
    const { stdout, stderr, exitCode } = await run(...tiny, '--blocks', '1', '--out', out)
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    assert.equal(exitCode, report.isDoubtful ? 4 : 0, stderr)
    assert.match(stdout, /^UDP: 50 connects, 50 announces, 1 scrape \(udp-mixed\)$/m)
    assert.match(stdout, /^aquatic +[\d.]+ µs +(≥ )?[\d.]+k?\/s/m)
    assert.match(
      stderr,
      /^results in .*\/whole\n1\/1 block 1 udp-mixed aquatic, about \d+ s left\n {2}processor time .*\n$/,
    )
    assert.deepEqual(schemaProblems(schema, report), [])
    assert.equal(report.isWhole, true)
    assert.match(report.contenders[0].sha256, /^[0-9a-f]{64}$/)
    for (const name of ['report.md', 'report.html', 'bench.json'])
      assert.ok(existsSync(join(out, name)), name)
    assert.ok(!existsSync(join(out, 'lock')))
    assertNothingLeft()
  })

  it('reports results again in all formats', async () => {
    const answer = async (...args: string[]): Promise<string> => (await run('report', out, ...args)).stdout
    assert.match(await answer(), /^UDP: 50 connects/m)
    assert.equal(await answer('--format', 'markdown'), readFileSync(join(out, 'report.md'), 'utf8'))
    assert.equal(await answer('--format', 'html'), readFileSync(join(out, 'report.html'), 'utf8'))
    assert.deepEqual(
      JSON.parse(await answer('--json')),
      JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')),
    )
  })

  it('compares two benches', async () => {
    const same = await run('compare', out, out, '--max-regression', '5')
    assert.deepEqual([same.exitCode, same.stderr], [0, ''])
    assert.match(same.stdout, /responses_per_second +│ .* 1\.00× ~ /)
    assert.doesNotMatch(same.stdout, /NaN/)
    const half = copyOf(out, 'half', slower)
    const full = copyOf(out, 'full', saturated)
    const worse = await run('compare', full, half, '--max-regression', '5', '--json')
    assert.equal(worse.exitCode, 3)
    const { changes } = JSON.parse(worse.stdout) as { changes: { metric: string; isWorse: boolean }[] }
    assert.deepEqual(
      changes.filter(({ isWorse }) => isWorse).map(({ metric }) => metric),
      ['responses_per_second'],
    )
    assert.equal((await run('compare', full, half, '--max-regression', '150')).exitCode, 0)
    assert.equal((await run('compare', half, full, '--max-regression', '5')).exitCode, 0)
  })

  it('goes on after SIGINT, and after it was killed', async () => {
    const directory = world.path('interrupted')
    const first = world.start([...tiny, '--blocks', '3', '--out', directory])
    await first.waitForLines('stderr', /^2\/3 /)
    await world.untilStarted(/loadtest udp/, first)
    const interrupted = await first.stop('SIGINT')
    assert.equal(interrupted.code, 130, interrupted.stderr)
    assert.match(interrupted.stdout, /^! The bench was interrupted: not all/)
    assert.equal(resultsIn(directory).length, 1)
    assertNothingLeft()

    const second = world.start(['--resume', directory])
    await second.waitForLines('stderr', /^3\/3 /)
    await world.untilStarted(/loadtest udp/, second)
    await second.stop('SIGKILL')
    await world.untilCleared()
    assertNothingLeft()
    assert.equal(resultsIn(directory).length, 2)
    appendFileSync(join(directory, 'results.ndjson'), '{"schemaVersion":1,"conten')

    const third = await run('--resume', directory, '--json')
    const report = JSON.parse(third.stdout)
    assert.equal(third.exitCode, report.isDoubtful ? 4 : 0, third.stderr)
    assert.equal(third.stderr, '')
    assert.deepEqual(schemaProblems(schema, report), [])
    assert.equal(report.isWhole, true)
    assert.deepEqual(
      resultsIn(directory).map(({ block }) => block),
      [0, 1, 2],
    )
    assertNothingLeft()
  })

  it('is alone on a machine and in its directory; SIGTERM ends it with 143', async () => {
    const directory = world.path('terminated')
    const bench = world.start([...endless, '--out', directory])
    await bench.waitForLines('stderr', /^1\/1 /)
    const beside = await run(...endless, '--out', world.path('beside'))
    assert.equal(beside.exitCode, 1)
    assert.match(
      beside.stderr,
      /^error: Another bench \(process \d+\) is at work on this machine\.\n {2}try: wait/,
    )
    assert.ok(!existsSync(world.path('beside')))
    const elsewhere = { ...world.environment, TMPDIR: world.home }
    const same = await runAquatic(['bench', '--resume', directory], { env: elsewhere })
    assert.equal(same.exitCode, 1)
    assert.match(same.stderr, /is at work in .*\/terminated\.\n/)
    const { code } = await bench.stop('SIGTERM')
    assert.equal(code, 143)
    assertNothingLeft()
  })

  it('ends at once at a second Ctrl-C, and its guard ends the rest', async () => {
    const stubborn = 'sh -c \'trap "" TERM INT; while :; do sleep 1000; done # {port}\''
    const args = ['--command', `stubborn=${stubborn}`, '--contender', 'stubborn', '--workload', 'udp-mixed']
    const bench = world.start([...args, '--out', world.path('twice')])
    await world.untilStarted(/sleep 1000/, bench)
    bench.signal('SIGINT')
    const end = bench.waitForEnd()
    const again = setInterval(() => bench.signal('SIGINT'), 250)
    const { code } = await end
    clearInterval(again)
    assert.equal(code, 130)
    await world.untilCleared()
    assertNothingLeft()
  })

  it('takes a load generator that is killed for a failure of that measurement', async () => {
    const directory = world.path('no-load')
    const bench = world.start([...endless, '--out', directory])
    process.kill(await world.untilStarted(/loadtest udp/, bench), 'SIGKILL')
    const { code, stdout } = await bench.waitForEnd()
    assert.equal(code, 1)
    assert.match(stdout, /aquatic, 1 block: failed \(the load test was ended by SIGKILL\)/)
    assertNothingLeft()
  })
})

describe('usage errors of aquatic bench', () => {
  const older = (version: number): string => {
    const directory = copyOf(world.path('whole'), `schema-${version}`, result => result)
    const head = JSON.parse(readFileSync(join(directory, 'bench.json'), 'utf8'))
    writeFileSync(join(directory, 'bench.json'), JSON.stringify({ ...head, schemaVersion: version }))
    return directory
  }

  /** Of this schema, without a key that something relies on. */
  const without = (name: string, change: (head: { request: object }) => object): string => {
    const directory = copyOf(world.path('whole'), name, result => result)
    const head = JSON.parse(readFileSync(join(directory, 'bench.json'), 'utf8'))
    writeFileSync(join(directory, 'bench.json'), JSON.stringify(change(head)))
    return directory
  }
  const withoutPaths = (): string =>
    without('no-paths', head => ({ ...head, request: { ...head.request, paths: undefined } }))
  const withoutCells = (): string => without('no-cells', head => ({ ...head, cells: [{}] }))
  const strangeLine = (): string =>
    copyOf(world.path('whole'), 'strange', result => ({ ...result, figures: {} as never }))

  const cases: readonly (readonly [args: () => readonly string[], error: RegExp])[] = [
    [() => ['--contender', 'nobody'], /There is no contender nobody\.\n {2}try: one of aquatic, /],
    [() => ['udp', '--workload', 'ws-quiet'], /There is no workload ws-quiet\.\n {2}try: one of udp-mixed, /],
    [
      () => ['--contender', 'aquatic', '--baseline', 'opentracker'],
      /--baseline opentracker does not take part\.\n {2}try: one of aquatic/,
    ],
    [() => ['--command', 'mine'], /--command mine is not KEY=VALUE\.\n {2}try: /],
    [() => ['--command', 'mine=tracker'], /--command mine=… has no \{port\}/],
    [() => ['--command', 'aquatic=x {port}'], /There are two contenders aquatic\./],
    [() => ['--url', 'mine=nowhere'], /--url mine=nowhere is no address of a tracker\./],
    [() => ['--path', 'nobody=/x'], /--path nobody=…: there is no contender nobody\./],
    [
      () => ['--quick', '--contender', 'opentracker', '--path', 'opentracker=/nowhere'],
      /--path opentracker=\/nowhere: there is no such file\.\n {2}try: a file that is there/,
    ],
    [() => ['list', '--path', 'x'], /--path x is not KEY=VALUE\./],
    [() => ['--slo', 'p99<5'], /--slo p99<5 can't be used\. Write a time with its unit/],
    [() => ['udp', '--slo', 'offer.p99<5ms'], /--slo offer\.p99<5ms can't be used\. There is no metric/],
    [() => ['http', '--state', '1'], /--state fills over UDP, which is not compared here\./],
    [
      () => ['--state', '200', '--state', '100'],
      /million peers in .* may take [\d.]+ GiB, and [\d.]+ are free\./,
    ],
    [
      () => ['--resume', world.path('nowhere')],
      /There are no results of a bench in .*nowhere\.\n {2}try: name/,
    ],
    [
      () => ['--resume', 'x', '--blocks', '2'],
      /--blocks=2 cannot also be provided when using --resume|resume/,
    ],
    [() => ['report', world.path('nowhere')], /There are no results of a bench in .*nowhere\./],
    [
      () => ['--out', world.path('whole'), ...tiny],
      /has the results of a bench already\.\n {2}try: go on with --resume/,
    ],
    [
      () => ['report', older(1)],
      /is of an older version of aquatic \(schema 1; this one reads 2\)\.\n {2}try: /,
    ],
    [
      () => ['--resume', older(1)],
      /is of an older version of aquatic \(schema 1; this one reads 2\)\.\n {2}try: /,
    ],
    [
      () => ['--resume', withoutPaths()],
      /no-paths\/bench\.json has no request\.paths as this version of aquatic reads it\.\n {2}try: read it with/,
    ],
    [() => ['report', withoutCells()], /bench\.json has no cells\.contender as this version/],
    [
      () => ['compare', world.path('whole'), withoutPaths()],
      /no-paths\/bench\.json has no request\.paths as this/,
    ],
    [
      () => ['--resume', strangeLine()],
      /results\.ndjson has a line 1 that this version of aquatic did not write\.\n {2}try: /,
    ],
    [() => ['--resume', older(99)], /is of a newer version of aquatic \(schema 99; this one reads 2\)\./],
  ]

  for (const [args, error] of cases) {
    it(String(error), async () => {
      const { exitCode, stdout, stderr } = await run(...args())
      assert.deepEqual([exitCode, stdout], [2, ''], stderr)
      assert.match(stderr, error)
      assert.match(stderr, /^error: [^\n]+\n {2}try: [^\n]+\n$/)
    })
  }

  it('of unlike benches', async () => {
    const other = copyOf(world.path('whole'), 'unlike', result => ({ ...result, contender: 'other' }))
    const { exitCode, stderr } = await run('compare', world.path('whole'), other)
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: .* have no workload and contender in common\.\n {2}try: /)
  })
})

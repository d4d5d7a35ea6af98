// A bench among contenders that it had better not trust: it goes on with the others, says what happened, and leaves
// nothing behind.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findInPath } from '../../src/bench/programs.js'
import type { ReportData } from '../../src/bench/report/report-data.js'
import { BenchWorld } from '../support/bench-process.js'
import { meets } from '../support/requirement.js'

const fixture = fileURLToPath(new URL('../fixtures/bad-tracker.js', import.meta.url))
const closingFixture = fileURLToPath(new URL('../fixtures/closing-tracker.js', import.meta.url))

/** Short, and without the second run of the baseline. */
const short = ['--quick', '--blocks', '1', '--duration', '1', '--warmup', '0', '--peers', '2000', '--json']
const announces = [...short, '--workload', 'udp-announces']

const commandsOf = (ways: readonly string[]): string[] =>
  ways.flatMap(way => ['--command', `${way}=${process.execPath} ${fixture} ${way} {port} {dir}`])
const only = (keys: readonly string[]): string[] => keys.flatMap(key => ['--contender', key])

describe('a bench', () => {
  const world = new BenchWorld({ after: (end: () => void) => after(end) })

  async function bench(ways: readonly string[], args: readonly string[] = []) {
    const chosen = [...commandsOf(ways), ...only(ways)]
    const { code, stdout, stderr } = await world
      .start([...announces, ...chosen, ...args, '--out', world.path(ways.join('-'))])
      .waitForEnd()
    assert.equal(stderr, '')
    assert.deepEqual(world.started(), [])
    assert.deepEqual(world.leftovers(), [])
    const report = JSON.parse(stdout) as ReportData
    const [summary] = report.summaries
    const of = (key: string) => summary!.contenders.find(({ contender }) => contender === key)!
    return { code, report, of, troubleOf: (key: string) => of(key).troubles[0] }
  }

  it('goes on with the others, and says what became of each', async () => {
    const ways = ['unlucky', 'forks', 'stubborn', 'dies', 'garbage', 'miscounts', 'greedy', 'floods', 'fills']
    const { code, report, of, troubleOf } = await bench(ways)
    assert.equal(code, report.isDoubtful ? 4 : 0)
    assert.equal(report.isWhole, true)
    for (const way of ['unlucky', 'forks', 'stubborn']) {
      assert.deepEqual(of(way).troubles, [], way)
      assert.equal(of(way).isRanked, true)
      // Also of one whose first process has ended.
      const cost = of(way).figures.find(({ metric }) => metric === 'processor_us')
      assert.ok(cost !== undefined && cost.median > 1, way)
    }
    assert.deepEqual(troubleOf('dies'), {
      outcome: 'died',
      blocks: 1,
      reason: 'it ended under the load: ended with exit code 7',
    })
    assert.equal(troubleOf('garbage')?.outcome, 'wrong-answers')
    assert.match(troubleOf('garbage')!.reason, /^\d+ answers were none of the protocol$/)
    assert.equal(troubleOf('miscounts')?.outcome, 'wrong-answers')
    assert.match(troubleOf('miscounts')!.reason, /\(announce answer wrong: 5 peers of 0\)$/)
    assert.equal(of('miscounts').isRanked, false)
    assert.deepEqual(of('greedy').troubles, [])
    assert.equal(of('greedy').isRanked, true)
    const { share, peersPerAnnounce } = of('greedy').excess!
    // Nearly all, and about 31: answers at the ends of a measurement may count for one alone.
    assert.ok(share > 0.5 && share <= 1, `${share} of the answers`)
    assert.ok(Math.abs(peersPerAnnounce - 31) < 4, `${peersPerAnnounce} peers`)
    assert.match(troubleOf('floods')!.reason, /^it wrote more than 256 MiB to its output$/)
    assert.match(troubleOf('fills')!.reason, /^it wrote more than 1024 MiB of files$/)
  })

  it('takes nobody for bad who keeps no connections, and measures that one where none are kept', async () => {
    const command = `closing=${process.execPath} ${closingFixture} {port}`
    const workloads = ['--workload', 'http-keep-alive', '--workload', 'http-close']
    const args = [...short, ...workloads, '--command', command, '--contender', 'closing']
    const { stdout } = await world.start([...args, '--out', world.path('closing')]).waitForEnd()
    const { summaries } = JSON.parse(stdout) as ReportData
    const [kept, closed] = summaries.map(({ contenders }) => contenders[0]!)
    assert.equal(kept?.troubles[0]?.outcome, 'not-applicable')
    assert.match(
      kept!.troubles[0]!.reason,
      /^it closes each connection after its answer, \d+ of them for \d+ /,
    )
    assert.deepEqual([kept?.isRanked, closed?.isRanked, closed?.troubles], [false, true, []])
    assert.deepEqual(world.leftovers(), [])
  })

  it('measures noise by one who keeps connections where the baseline closes them', async t => {
    if (!meets(t, { 'opentracker is needed': findInPath('opentracker', process.env) === undefined })) return
    const length = ['--blocks', '1', '--duration', '1', '--warmup', '0', '--peers', '2000', '--json']
    const args = ['http', ...length, '--workload', 'http-keep-alive', ...only(['aquatic', 'opentracker'])]
    const { stdout } = await world.start([...args, '--out', world.path('noise')]).waitForEnd()
    const [summary] = (JSON.parse(stdout) as ReportData).summaries
    const { noiseContender, noise, contenders } = summary!
    assert.equal(noiseContender, 'aquatic')
    assert.ok(noise.some(({ metric }) => metric === 'processor_us'))
    const closing = contenders.find(({ contender }) => contender === 'opentracker')
    assert.equal(closing?.troubles[0]?.outcome, 'not-applicable')
    assert.deepEqual(world.leftovers(), [])
  })

  it('does not wait long for those that never answer, or answer elsewhere, and fails when nobody is left', async () => {
    const { code, report, troubleOf } = await bench(['silent', 'elsewhere'], ['--start-limit', '4'])
    assert.equal(code, 1)
    assert.equal(report.isWhole, true)
    for (const way of ['silent', 'elsewhere']) {
      assert.equal(troubleOf(way)?.outcome, 'did-not-start')
      assert.match(
        troubleOf(way)!.reason,
        /^it did not answer within 4 s: .* It listens on udp 127\.0\.0\.1:\d+\.$/,
      )
    }
  })
})

// Contenders that already run, named by their address: they are asked, ranked by what can be seen, and left alone.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { ReportData } from '../../src/bench/report/report-data.js'
import { ExitCode } from '../../src/errors.js'
import { BenchWorld } from '../support/bench-process.js'
import { schemaProblems } from '../support/json-schema.js'
import { packageRoot, startTracker } from '../support/tracker-process.js'

const short = ['--quick', '--blocks', '1', '--duration', '1', '--warmup', '0', '--peers', '2000', '--json']
const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/bench-report.json'), 'utf8'))

/** Each argument at once: a contender by its address, and nobody else. */
const only = (key: string, url: string): string[] => ['--url', `${key}=${url}`, '--contender', key]

describe('a bench of trackers that already run', () => {
  const world = new BenchWorld({ after: (end: () => void) => after(end) })

  async function bench(args: readonly string[], name: string): Promise<{ code: number; report: ReportData }> {
    const out = ['--out', world.path(name)]
    const { code, stdout, stderr } = await world.start([...short, ...args, ...out]).waitForEnd()
    assert.equal(stderr, '')
    assert.deepEqual([world.started(), world.leftovers()], [[], []])
    const report = JSON.parse(stdout) as ReportData
    assert.deepEqual(schemaProblems(schema, report), [])
    return { code: code ?? -1, report }
  }

  const metricsOf = ({ summaries }: ReportData, key: string): string[] =>
    summaries[0]!.contenders.find(({ contender }) => contender === key)!.figures.map(({ metric }) => metric)

  it('over udp, beside ours, has what can be seen from outside, and says what can not', async t => {
    const tracker = await startTracker(t, { families: [4] })
    const there = only('there', tracker.announceUrl(4))
    const { code, report } = await bench(
      ['--workload', 'udp-announces', ...there, '--contender', 'aquatic'],
      'udp',
    )
    assert.equal(code, report.isDoubtful ? ExitCode.invalid : ExitCode.ok)
    assert.deepEqual(
      report.summaries[0]!.contenders.map(({ isRanked }) => isRanked),
      [true, true],
    )
    for (const metric of ['processor_us', 'start_up_ms']) {
      assert.ok(metricsOf(report, 'aquatic').includes(metric), metric)
      assert.ok(!metricsOf(report, 'there').includes(metric), metric)
    }
    assert.ok(metricsOf(report, 'there').includes('responses_per_second'))
    assert.deepEqual(
      report.contenders.map(({ key, alreadyRan }) => [key, alreadyRan]),
      [
        ['aquatic', undefined],
        ['there', true],
      ],
    )
    assert.equal(report.warnings.filter(text => /^there already ran: processor time, /.test(text)).length, 1)
    const page = readFileSync(join(world.path('udp'), 'report.md'), 'utf8')
    assert.match(page, /^\| there \| not seen \|$/m)
    assert.match(page, /^Only of aquatic is the processor time per response seen: /m)
    assert.match(page, /^there already ran: asked at the address given, neither started afresh nor pinned/m)
    // It was not the bench's to end.
    assert.equal((await tracker.stop()).code, 0)
  })

  it('over http, and nobody else, is ranked by what can be seen from outside', async t => {
    const tracker = await startTracker(t, { protocol: 'http', families: [4] })
    const there = only('there', tracker.announceUrl(4))
    const { code, report } = await bench(['--workload', 'http-keep-alive', ...there], 'http')
    assert.equal(code, report.isDoubtful ? ExitCode.invalid : ExitCode.ok)
    assert.equal(report.summaries[0]!.contenders[0]!.isRanked, true)
    assert.ok(metricsOf(report, 'there').includes('responses_per_second'))
    assert.ok(!metricsOf(report, 'there').includes('processor_us'))
    assert.equal((await tracker.stop()).code, 0)
  })

  it('says of one that does not answer where it was asked', async t => {
    const silent = createSocket('udp4')
    t.after(() => silent.close())
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `udp://127.0.0.1:${silent.address().port}`
    const args = ['--workload', 'udp-mixed', ...only('silent', url), '--start-limit', '1']
    const { code, report } = await bench(args, 'silent')
    assert.equal(code, 1)
    const [trouble] = report.summaries[0]!.contenders[0]!.troubles
    assert.match(trouble!.reason, new RegExp(`^it did not answer within 1 s: .*${url}`))
  })
})

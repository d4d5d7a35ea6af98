import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratioOfOurs, type Sample as SampleOf } from '../../../benchmarks/support/run-record.js'
import type { Measurement } from '../../../benchmarks/udp/measure.js'
import { judgeTargets, type RunRecord } from '../../../benchmarks/udp/record.js'
import { loadWarnings, renderReport } from '../../../benchmarks/udp/report.js'
import type { LoadResult } from '../../../benchmarks/udp/yardstick.js'

type Sample = SampleOf<LoadResult>

function measured(totalUs: number, changes: Partial<Measurement> = {}, peersPerAnnounce = 2): Measurement {
  return {
    totalUs,
    userUs: totalUs / 4,
    systemUs: (totalUs * 3) / 4,
    coreUsed: 1,
    coreIdle: 0,
    coreStolen: 0,
    readyMs: 100,
    residentAfterStartKib: 80 * 1024,
    peakResidentKib: 100 * 1024,
    load: {
      responses: 1_000_000,
      seconds: 5,
      responsesPerSecond: 200_000,
      connectsPerSecond: 100_000,
      announcesPerSecond: 98_000,
      scrapesPerSecond: 2_000,
      errors: 0,
      lost: 0,
      peersPerAnnounce,
    },
    ...changes,
  }
}

function sample(contender: string, round: number, measurement: Measurement, load = 'mixed'): Sample {
  return { contender, round, load, measurement }
}

function recordOf(samples: readonly Sample[]): RunRecord {
  return {
    command: 'node run.js',
    environment: [['kernel', 'Linux 1.2.3']],
    rounds: 2,
    seconds: 5,
    warmUpSeconds: 1,
    seed: 42,
    contenders: [
      { name: 'ours', version: '0.1.0' },
      { name: 'opentracker', version: '1' },
    ],
    absent: [{ name: 'aquatic mio', reason: 'not installed' }],
    samples,
  }
}

test('ratios pair the rounds; a failed round counts for neither', () => {
  const record = recordOf([
    sample('ours', 1, measured(3)),
    sample('ours', 2, measured(9)),
    sample('opentracker', 1, measured(6)),
    { contender: 'opentracker', round: 2, load: 'mixed', failure: 'died' },
  ])
  const ratio = ratioOfOurs(record, 'mixed', 'opentracker')
  assert.deepEqual([ratio.minimum, ratio.maximum], [0.5, 0.5])
})

test('targets are met, missed or not measured', () => {
  const record = recordOf([
    sample('ours', 1, measured(3, { residentAfterStartKib: 91 * 1024 })),
    sample('opentracker', 1, measured(6)),
    sample('ours', 1, measured(3), 'announces'),
    sample('opentracker', 1, measured(4), 'announces'),
  ])
  const verdicts = new Map(judgeTargets(record).map(({ text, verdict }) => [text, verdict]))
  assert.equal(verdicts.get('mixed: ours ÷ opentracker'), 'met')
  assert.equal(verdicts.get('announces: ours ÷ opentracker'), 'missed')
  assert.equal(verdicts.get('mixed: ours ÷ aquatic io_uring'), 'not measured')
  assert.equal(verdicts.get('ours: resident memory after start, MiB'), 'met')
})

test('a load generator at its limit, errors, losses and unequal work are warned of', () => {
  const load = { ...measured(1).load, errors: 7, lost: 5000, peersPerAnnounce: 9 }
  const record = recordOf([
    sample('ours', 1, measured(3)),
    sample('opentracker', 1, measured(6, { coreUsed: 0.94, coreIdle: 0.05, load })),
  ])
  const warnings = loadWarnings(record, 'mixed').join('\n')
  assert.match(warnings, /opentracker used only 94 % of its core: the load generator was the limit/)
  assert.match(warnings, /opentracker answered 7 requests with an error/)
  assert.match(warnings, /opentracker left 5000 requests unanswered/)
  assert.match(warnings, /opentracker returned 9\.0 peers per announce, ours 2\.0/)
  assert.deepEqual(loadWarnings(recordOf([sample('ours', 1, measured(3))]), 'mixed'), [])
})

test('a core shared with other work is not blamed on the load generator', () => {
  const record = recordOf([sample('ours', 1, measured(3, { coreUsed: 0.5, coreIdle: 0.1, coreStolen: 0.2 }))])
  assert.match(
    loadWarnings(record, 'mixed').join(),
    /ours used only 50 %.*idle for 10 % and taken by the host for 20 %/,
  )
})

test('the report holds figures, targets, skipped and failed trackers, and the environment', () => {
  const page = renderReport(
    recordOf([
      sample('ours', 1, measured(3)),
      sample('ours', 2, measured(4)),
      sample('opentracker', 1, measured(6)),
      sample('opentracker', 2, measured(6)),
      { contender: 'opentracker', round: 1, load: 'announces', failure: 'did not start' },
    ]),
  )
  assert.match(page, /^\| ours \| 3\.500 \(3\.000–4\.000\) \|/m)
  assert.match(page, /^\| mixed: ours ÷ opentracker \| ≤ 0\.7 \| 0\.583 \| met \|$/m)
  assert.match(page, /Skipped: \*\*aquatic mio\*\*, not installed/)
  assert.match(page, /Failed in 1 of 2 rounds: \*\*opentracker\*\*, announces: did not start/)
  assert.match(page, /kernel: Linux 1\.2\.3/)
})

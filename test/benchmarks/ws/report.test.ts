import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesEach } from '../../../benchmarks/support/idle-record.js'
import type { Sample } from '../../../benchmarks/support/run-record.js'
import { type IdleRecord, judgeIdle, renderIdle } from '../../../benchmarks/ws/idle-record.js'
import { type LoadResult, loads } from '../../../benchmarks/ws/loads.js'
import type { Measurement } from '../../../benchmarks/ws/measure.js'
import { judgeTargets, type RunRecord } from '../../../benchmarks/ws/record.js'
import { loadWarnings, renderReport } from '../../../benchmarks/ws/report.js'

function measured(totalUs: number, load: Partial<LoadResult> = {}): Measurement {
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
    load: { responses: 20_000, seconds: 1, responsesPerSecond: 20_000, failed: 0, ...load },
  }
}

const relay = { announces: 1000, offers: 9900, answers: 9800, unanswered: 0 }

function sample(load: string, contender: string, measurement: Measurement, round = 1): Sample<LoadResult> {
  return { load, contender, round, measurement }
}

function recordOf(samples: readonly Sample<LoadResult>[]): RunRecord {
  return {
    command: 'node run.js',
    environment: [['kernel', 'Linux 1.2.3']],
    rounds: 2,
    seconds: 3,
    warmUpSeconds: 1,
    seed: 42,
    loads: ['announce', 'offers-1k'],
    contenders: ['ours', 'ws', 'bittorrent-tracker'].map(name => ({ name, version: '1' })),
    absent: [{ name: 'aquatic_ws', reason: 'not installed' }],
    samples,
  }
}

test('targets are met, missed or not measured', () => {
  const record = recordOf([
    sample('announce', 'ours', measured(7)),
    sample('announce', 'ws', measured(10)),
    sample('announce', 'aquatic_ws', measured(10)),
    sample('offers-1k', 'ours', measured(7)),
  ])
  const verdicts = new Map(judgeTargets(record).map(({ text, verdict }) => [text, verdict]))
  assert.equal(verdicts.get('announce: ours ÷ ws'), 'met')
  assert.equal(verdicts.get('announce: ours ÷ aquatic_ws'), 'missed')
  assert.equal(verdicts.get('offers-1k: ours ÷ aquatic_ws'), 'not measured')
})

test('failures and lost messages are warned of', () => {
  const record = recordOf([
    sample('offers-1k', 'ours', measured(7, { failed: 3, relay })),
    sample('offers-1k', 'ws', measured(7, { relay: { ...relay, unanswered: 11 } })),
  ])
  const warnings = loadWarnings(record, loads.find(load => load.name === 'offers-1k')!)
  assert.equal(warnings.length, 2)
  assert.equal(warnings[0], 'ours answered 3 times with a failure.')
  assert.match(warnings[1]!, /^ws left 11 of 1000 announces without/)
})

test('the report holds figures, targets, skipped and failed trackers', () => {
  const page = renderReport(
    recordOf([
      sample('announce', 'ours', measured(3)),
      sample('announce', 'ours', measured(4), 2),
      sample('announce', 'ws', measured(10)),
      sample('announce', 'ws', measured(10), 2),
      sample('offers-1k', 'ours', measured(9, { relay })),
      { load: 'offers-1k', contender: 'bittorrent-tracker', round: 1, failure: 'did not start' },
    ]),
  )
  assert.match(page, /^\| tracker \| µs\/announce \|/m)
  assert.match(page, /^\| ours \| 3\.50 \(3\.00–4\.00\) \|/m)
  assert.match(page, /^\| announce: ours ÷ ws \| ≤ 0\.75 \| 0\.350 \| met \|$/m)
  assert.match(page, /^\| tracker \| µs\/relayed message \| .* \| arrived, % \|/m)
  assert.match(page, /^\| ours \| 9\.00 .* \| 98\.5 \(98\.5–98\.5\) \| 100 /m)
  assert.match(page, /Skipped: \*\*aquatic_ws\*\*, not installed/)
  assert.match(page, /Failed in 1 of 2 rounds: \*\*bittorrent-tracker\*\*, offers-1k: did not start/)
})

function idleOf(change: Partial<IdleRecord['samples'][number]>, connections = 50_000): IdleRecord {
  const ours = {
    round: 1,
    contender: 'ours',
    residentBeforeKib: 100_000,
    residentWithKib: 200_000,
    left: connections,
    openingSeconds: 5,
  }
  return {
    command: 'node idle.js',
    environment: [],
    rounds: 1,
    warmUpSeconds: 1,
    seed: 42,
    connections,
    contenders: [{ name: 'ours', version: '1' }],
    absent: [],
    failures: [{ round: 1, contender: 'ws', failure: 'it died' }],
    samples: [{ ...ours, ...change }],
  }
}

test('memory of an idle connection is what the process grew by, and closed ones miss the target', () => {
  assert.equal(bytesEach(idleOf({}), 'ours').median, 2048)
  assert.deepEqual(
    judgeIdle(idleOf({})).map(({ verdict }) => verdict),
    ['met', 'met'],
  )
  const costly = idleOf({ residentWithKib: 300_001, left: 49_999 })
  assert.deepEqual(
    judgeIdle(costly).map(({ verdict }) => verdict),
    ['missed', 'missed'],
  )
  const page = renderIdle(idleOf({}))
  assert.match(page, /^\| ours \| 97\.7 .* \| 2048 \(2048–2048\) \| 50000 /m)
  assert.match(page, /Failed in round 1: \*\*ws\*\*, it died/)
  assert.doesNotMatch(page, /Not 50000 connections/)
  assert.match(renderIdle(idleOf({}, 19_750)), /\*\*Not 50000 connections but 19750\*\*/)
})

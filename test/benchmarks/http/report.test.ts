import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyRatio, type IdleRecord, judgeIdle, renderIdle } from '../../../benchmarks/http/idle-record.js'
import type { Measurement } from '../../../benchmarks/http/measure.js'
import { advise, judgeTargets, type RunRecord } from '../../../benchmarks/http/record.js'
import { loadWarnings, renderReport } from '../../../benchmarks/http/report.js'
import { type LoadResult, loads } from '../../../benchmarks/http/yardstick.js'
import { bytesEach } from '../../../benchmarks/support/idle-record.js'
import type { Sample } from '../../../benchmarks/support/run-record.js'

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
    load: {
      responses: 500_000,
      seconds: 5,
      responsesPerSecond: 100_000,
      failed: 0,
      peersPerAnnounce: 2,
      bytesPerResponse: 200,
      ...load,
    },
  }
}

function sample(load: string, contender: string, measurement: Measurement, round = 1): Sample<LoadResult> {
  return { load, contender, round, measurement }
}

function recordOf(samples: readonly Sample<LoadResult>[]): RunRecord {
  const names = ['ours', 'ours (node engine)', 'node:http', 'opentracker', 'nginx + ours']
  return {
    command: 'node run.js',
    environment: [['kernel', 'Linux 1.2.3']],
    rounds: 2,
    seconds: 5,
    warmUpSeconds: 1,
    seed: 42,
    loads: ['keep', 'close', 'tls-full', 'tls-resumed'],
    contenders: names.map(name => ({ name, version: '1' })),
    absent: [{ name: 'chihaya', reason: 'not installed' }],
    samples,
  }
}

const findLoad = (name: string): (typeof loads)[number] => loads.find(load => load.name === name)!

test('targets are met, missed or not measured', () => {
  const record = recordOf([
    sample('keep', 'ours', measured(3)),
    sample('keep', 'node:http', measured(10)),
    sample('close', 'ours', measured(10)),
    sample('close', 'opentracker', measured(11)),
  ])
  const verdicts = new Map(judgeTargets(record).map(({ text, verdict }) => [text, verdict]))
  assert.equal(verdicts.get('keep: ours ÷ node:http'), 'met')
  assert.equal(verdicts.get('close: ours ÷ opentracker'), 'missed')
  assert.equal(verdicts.get('keep: ours ÷ chihaya'), 'not measured')
  assert.equal(verdicts.get('tls-full: ours ÷ node:http'), 'not measured')
})

test('the advice names the cheapest way, and those near it', () => {
  const advice = advise(
    recordOf([
      sample('keep', 'ours', measured(10)),
      sample('keep', 'ours (node engine)', measured(10.9)),
      sample('keep', 'nginx + ours', measured(11.1)),
      sample('tls-full', 'ours', measured(500)),
      sample('tls-full', 'nginx + ours', measured(400)),
    ]),
  )
  const use = new Map(advice.map(one => [one.load, one.use]))
  assert.deepEqual(use.get('keep'), ['ours', 'ours (node engine)'])
  assert.deepEqual(use.get('tls-full'), ['nginx + ours'])
  assert.deepEqual(use.get('close'), [])
})

test('failures, coarse figures and handshakes that were not resumed are warned of', () => {
  const record = recordOf([
    sample('keep', 'ours', measured(3, { failed: 501 })),
    sample('tls-full', 'ours', measured(3, { responses: 20, responsesPerSecond: 4 })),
    sample('tls-resumed', 'ours', measured(3, { resumedShare: 0.5 })),
    sample('tls-resumed', 'node:http', measured(3, { resumedShare: 1 })),
  ])
  assert.deepEqual(loadWarnings(record, findLoad('keep')), ['ours failed 501 times in 500000 responses.'])
  assert.match(loadWarnings(record, findLoad('tls-full')).join(), /ours used 0\.00 s .* for 4 responses\/s/)
  assert.deepEqual(loadWarnings(record, findLoad('tls-resumed')), [
    'ours resumed only 50 % of the handshakes.',
  ])
})

test('the report holds figures, targets, advice, skipped and failed trackers', () => {
  const page = renderReport(
    recordOf([
      sample('keep', 'ours', measured(3)),
      sample('keep', 'ours', measured(4), 2),
      sample('keep', 'node:http', measured(10)),
      sample('keep', 'node:http', measured(10), 2),
      { load: 'close', contender: 'opentracker', round: 1, failure: 'did not start' },
    ]),
  )
  assert.match(page, /^\| ours \| 3\.50 \(3\.00–4\.00\) \|/m)
  assert.match(page, /^\| keep: ours ÷ node:http \| ≤ 0\.3 \| 0\.350 \| \*\*missed\*\* \|$/m)
  assert.match(page, /^\| a proxy or a few busy clients .* \| 3\.5 \| – \| – \| ours \|$/m)
  assert.doesNotMatch(page, /Resumed beside full/)
  assert.match(page, /^opentracker does not speak this\.$/m)
  assert.match(page, /Skipped: \*\*chihaya\*\*, not installed/)
  assert.match(page, /Failed in 1 of 2 rounds: \*\*opentracker\*\*, close: did not start/)
})

test('resumed handshakes are compared with full ones of the same client', () => {
  const page = renderReport(
    recordOf([
      sample('tls-full', 'ours', measured(50)),
      sample('tls-new', 'ours', measured(100)),
      sample('tls-resumed', 'ours', measured(80)),
    ]),
  )
  assert.match(page, /^\| ours \| 100\.0 .* \| 80\.0 .* \| 0\.800 .* \| –––? \|$/m)
})

const idleSample = {
  contender: 'ours',
  residentBeforeKib: 50_000,
  residentWithKib: 60_000,
  left: 10_000,
  beforeUs: 9,
  withUs: 10,
  afterUs: 11,
}

function idleOf(change: Partial<typeof idleSample> = {}): IdleRecord {
  const { command, environment, rounds, seconds, warmUpSeconds, seed, contenders, absent } = recordOf([])
  return {
    ...{ command, environment, rounds, seconds, warmUpSeconds, seed, contenders, absent },
    connections: 10_000,
    failures: [{ round: 2, contender: 'node:http', failure: 'died' }],
    samples: [1, 2].map(round => ({ round, ...idleSample, ...change })),
  }
}

test('idle connections are charged what memory grew, and busy responses compared with both sides', () => {
  assert.equal(bytesEach(idleOf(), 'ours').median, 1024)
  assert.equal(busyRatio(idleOf(), 'ours').median, 1)
})

test('idle targets are judged, connections that closed among them', () => {
  const verdicts = (record: IdleRecord): string[] => judgeIdle(record).map(({ verdict }) => verdict)
  assert.deepEqual(verdicts(idleOf()), ['met', 'met', 'met'])
  const worse = idleOf({ residentWithKib: 70_001, withUs: 10.4, left: 9_999 })
  assert.deepEqual(verdicts(worse), ['missed', 'missed', 'missed'])
  assert.deepEqual(verdicts({ ...idleOf(), samples: [] }), ['not measured', 'not measured', 'not measured'])
})

test('the page of idle connections holds figures and failures', () => {
  const page = renderIdle(idleOf())
  assert.match(page, /^\| ours \| 48\.8 \(48\.8–48\.8\) \| 58\.6 \(58\.6–58\.6\) \| 1024 \(1024–1024\) \|/m)
  assert.match(page, /Failed in round 2: \*\*node:http\*\*, died/)
})

import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawGraph } from '../../../benchmarks/soak/graph.js'
import { beginJournal, readJournal } from '../../../benchmarks/soak/journal.js'
import { figuresOf, parseMetrics } from '../../../benchmarks/soak/metrics.js'
import { parseDuration, planSoak, readSoakOptions } from '../../../benchmarks/soak/plan.js'
import type { Sample, SoakFacts } from '../../../benchmarks/soak/record.js'
import { renderReport } from '../../../benchmarks/soak/report.js'
import { sliceArguments, sliceOf } from '../../../benchmarks/soak/streams.js'
import { theilSenPerHour } from '../../../benchmarks/soak/trend.js'
import { UsageError } from '../../../benchmarks/support/program.js'

test('durations are minutes, or have a unit', () => {
  assert.equal(parseDuration('60'), 3600)
  assert.equal(parseDuration('90s'), 90)
  assert.equal(parseDuration('1.5m'), 90)
  assert.equal(parseDuration('2h'), 7200)
  assert.equal(parseDuration('60s'), 60)
  assert.equal(parseDuration('168h'), 604_800)
  for (const wrong of ['', 'x', '59s', '169h', '1d', '-5', '60 s']) {
    assert.throws(() => parseDuration(wrong), UsageError, wrong)
  }
})

test('a run of ten minutes unless told, and one word at most', () => {
  assert.equal(readSoakOptions({ seed: '1' }, []).durationSeconds, 600)
  assert.throws(() => readSoakOptions({ seed: '1' }, ['5', '6']), UsageError)
})

test('peers are forgotten well within the settling time', () => {
  for (const seconds of [60, 90, 300, 600, 3600, 7200]) {
    const { settleSeconds, peerAgeSeconds, cleaningSeconds } = planSoak(seconds, 1)
    assert.ok(peerAgeSeconds + cleaningSeconds <= settleSeconds + 2, `${seconds} s`)
  }
  const settling = [360, 600, 3600, 7200].map(seconds => planSoak(seconds, 1).settleSeconds)
  assert.deepEqual(settling, [180, 240, 600, 600])
})

test('a slope is that of the line, whatever a few points are', () => {
  const points = Array.from({ length: 100 }, (_, index) => ({ second: index * 36, value: index }))
  assert.equal(Math.round(theilSenPerHour(points)), 100)
  const spoilt = points.map((point, index) => (index % 5 === 0 ? { ...point, value: 1e6 } : point))
  assert.ok(Math.abs(theilSenPerHour(spoilt) - 100) < 30)
  assert.ok(Number.isNaN(theilSenPerHour(points.slice(0, 1))))
})

const metrics = `# HELP aquatic_info x
aquatic_info{version="0.1.0",protocol="udp",workers="2"} 1
aquatic_responses_total{type="announce",ip_version="4",worker_index="0",protocol="udp"} 10
aquatic_responses_total{type="announce",ip_version="4",worker_index="1",protocol="udp"} 5
aquatic_responses_total{type="scrape",ip_version="4",worker_index="1",protocol="udp"} 7
aquatic_responses_total{type="announce",ip_version="4",worker_index="0",protocol="ws"} 3
aquatic_errors_total{class="bad_query",worker_index="0",protocol="http"} 2
aquatic_errors_total{class="too_large",worker_index="0",protocol="http"} 0
aquatic_dropped_requests_total{reason="too_short",worker_index="0",protocol="udp"} 1
aquatic_swarm_torrents 20
aquatic_swarm_torrents{protocol="ws"} 4
nodejs_heap_size_used_bytes 1.5e+7
`

test('metrics are summed over workers and swarms, and told apart by protocol', () => {
  assert.deepEqual(parseMetrics(metrics)[0], {
    name: 'aquatic_info',
    labels: { version: '0.1.0', protocol: 'udp', workers: '2' },
    value: 1,
  })
  const figures = figuresOf(metrics)
  assert.deepEqual(figures.announces, { udp: 15, http: 0, ws: 3 })
  assert.deepEqual(figures.errors, { 'http.bad_query': 2, 'udp.too_short': 1 })
  assert.equal(figures.torrents, 24)
  assert.equal(figures.heapUsedBytes, 15_000_000)
  assert.throws(() => figuresOf('OK\n'), /not the metrics/)
})

test('a slice keeps outcomes of all kinds, and latencies of announces', () => {
  const latency = (count: number): { count: number; p50Us: number; p99Us: number; maxUs: number } => ({
    count,
    p50Us: 1,
    p99Us: 2,
    maxUs: 3,
  })
  const counts = { late: 1, duplicate: 2, verified: 4, verifiedWrong: 0 }
  const document = {
    measuredSeconds: 8,
    verdict: 'generator-bound',
    kinds: [
      { kind: 'connect', outcomes: { answered: 0, timedOut: 0, unsent: 0 }, service: latency(0) },
      { kind: 'announce', outcomes: { answered: 90, timedOut: 1, unsent: 2 }, service: latency(91) },
      { kind: 'scrape', outcomes: { answered: 5, timedOut: 1, unsent: 0 }, service: latency(6) },
    ],
    counts,
    remarks: [],
  }
  assert.deepEqual(sliceOf(document, { stream: 'udp', second: 0, endSecond: 10 }), {
    stream: 'udp',
    second: 0,
    endSecond: 10,
    measuredSeconds: 8,
    verdict: 'generator-bound',
    planned: 99,
    answered: 95,
    announcesAnswered: 90,
    failed: { timedOut: 2, unsent: 2 },
    surplusAnswers: 3,
    verified: 4,
    wrong: 0,
    remarks: [],
    latency: { p50Us: 1, p99Us: 2, maxUs: 3 },
  })
})

test('slices load the protocol of their stream, each with a seed of its own', () => {
  const ports = { udp: 1, http: 2, ws: 3, metrics: 4 }
  const [udp, , close] = planSoak(600, 1).streams
  assert.ok(
    sliceArguments('/r', udp!, ports, 5, 20).join(' ').includes('loadtest udp udp://127.0.0.1:1 --rate'),
  )
  const words = sliceArguments('/r', close!, ports, 6, 20).join(' ')
  assert.match(words, /loadtest http http:\/\/127\.0\.0\.1:2\/announce .*--seed 6 .*--no-keep-alive/)
})

test('an interrupted run can be read and reported, but for half a line', () => {
  const parent = mkdtempSync(join(tmpdir(), 'soak-test-'))
  try {
    const facts: SoakFacts = {
      command: 'npm run soak',
      version: '1',
      environment: [],
      processors: 2,
      plan: planSoak(600, 1),
    }
    const journal = beginJournal(join(parent, 'run'), facts)
    journal.sample({ second: 3, phase: 'load' } as Sample)
    appendFileSync(join(parent, 'run', 'samples.jsonl'), '{"second":13,"ph')
    const record = readJournal(join(parent, 'run'))
    assert.deepEqual(record.samples, [{ second: 3, phase: 'load' }])
    assert.equal(record.ending, undefined)
    assert.match(renderReport(record), /Verdict: /)
    assert.throws(() => beginJournal(join(parent, 'run'), facts), /there is a run already/)
    assert.throws(() => readJournal(parent), /no run\.json in it/)
  } finally {
    rmSync(parent, { recursive: true })
  }
})

test('a graph has its largest value at the top and 0 at the bottom', () => {
  const lines = drawGraph([0, 5, 10], value => value.toFixed(0), 72, 3).split('\n')
  assert.deepEqual(lines, ['10 │  █', '   │ ██', ' 0 │ ██'])
  assert.equal(drawGraph([], String), '')
})

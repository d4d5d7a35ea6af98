// Reports of a bench: table, Markdown, HTML, JSON.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoredHead } from '../../src/bench/bench.js'
import type { CellResult } from '../../src/bench/cell-result.js'
import { compareReports } from '../../src/bench/compare.js'
import { htmlReport } from '../../src/bench/report/html.js'
import { markdownReport } from '../../src/bench/report/markdown.js'
import type { ReportData } from '../../src/bench/report/report-data.js'
import { tableReport } from '../../src/bench/report/table.js'
import { reportOf } from '../../src/bench/report-of.js'
import { workloads } from '../../src/bench/workloads.js'
import { type Schema, schemaProblems } from '../../src/loadtest/report/schema-problems.js'
import { packageRoot } from '../support/tracker-process.js'
import { cellCosting, cellOf, figuresOf } from './sample-cells.js'

const head: StoredHead = {
  schemaVersion: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  request: {
    command: 'aquatic bench udp',
    workloads: workloads.filter(({ key }) => key === 'udp-mixed'),
    baseline: 'opentracker',
    blocks: 3,
    seed: 7,
    measuresNoise: true,
    numwant: 30,
    warmUpSeconds: 2,
    measureSeconds: 5,
    latencyShare: 0.5,
    coolDownSeconds: 1,
    objectives: [],
    startLimitSeconds: 30,
    commands: {},
    urls: {},
    paths: {},
    processorMode: 'subsequent',
    processors: 1,
  },
  environment: {
    processor: 'A processor',
    processors: 2,
    memoryBytes: 2 ** 34,
    kernel: 'Linux 6.1 x64',
    mitigations: 'none needed',
    governor: null,
    hasHyperthreads: null,
    virtualisation: null,
    receiveBufferBytesMax: 212_992,
    sendBufferBytesMax: 212_992,
    openFilesMax: 20_000,
    loadAverage: 0.1,
    node: 'v20.20.2',
  },
  share: { contender: '0', load: '1', contenderProcessors: 1, loadProcessors: 1, isShared: false },
  contenders: [
    { key: 'aquatic', name: 'aquatic', version: '0.1.0', limits: [] },
    { key: 'opentracker', name: 'opentracker', version: '1 <script>|', limits: ['closes connections'] },
  ],
  missing: [{ name: 'chihaya', reason: 'no chihaya in PATH', remedy: 'build it' }],
  notes: [],
  cells: [],
}

const results: CellResult[] = [0, 1, 2].flatMap(block => [
  cellCosting(2 + block / 10, { block }),
  cellCosting(4 + block / 10, { block, contender: 'opentracker' }),
  cellCosting(4.02 + block / 10, { block, contender: 'opentracker', twin: 1 }),
])

const report = reportOf(head, results)

describe('reports of a bench', () => {
  it('as tables have medians, ratios, noise and who is missing', async () => {
    const text = await tableReport(report)
    assert.match(text, /UDP: 50 connects, 50 announces, 1 scrape \(ratios to opentracker/)
    assert.match(text, /processor time per response +│ 2\.10 µs +│ 4\.10 µs/)
    assert.match(text, /0\.51× \[0\.48, 0\.54\]/)
    assert.match(text, /noise, by two equal runs: .*processor time per response 1\.00× \[1\.00, 1\.01\]/)
    assert.match(text, /not here: chihaya: no chihaya in PATH \(build it\)/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours
    assert.doesNotMatch(text, /\x1b/)
  })

  it('as Markdown begin with the headline, and keep foreign text in its cell', () => {
    const page = markdownReport(report)
    assert.match(page, /\| UDP: 50 connects.* \| aquatic \| 0\.51× \[0\.48, 0\.54\] \| opentracker \|/)
    assert.match(page, /1 <script>\\\|/)
    assert.match(page, /Noise, by two equal runs in each block/)
  })

  it('as HTML are one file, with bars, and nothing foreign runs in it', () => {
    const page = htmlReport(report)
    assert.match(page, /<rect class="bar ours"/)
    assert.doesNotMatch(page, /<script>|https?:\/\//)
    assert.match(page, /1 &lt;script&gt;/)
  })

  it('as JSON are as their schema says', () => {
    const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/bench-report.json'), 'utf8')) as Schema
    assert.deepEqual(schemaProblems(schema, JSON.parse(JSON.stringify(report))), [])
    const broken = { ...report, blocks: 'many' }
    assert.notDeepEqual(schemaProblems(schema, JSON.parse(JSON.stringify(broken))), [])
  })

  it('say when the load generator was the limit, and that this is no claim', () => {
    const saturation = { ...figuresOf().saturation!, generatorShare: 1, processorsUsed: 0.4 }
    const limited = [0, 1, 2].map(block => cellOf({ block, figures: figuresOf({ saturation }) }))
    const doubtful = reportOf(head, limited)
    assert.equal(doubtful.isDoubtful, true)
    assert.match(doubtful.warnings.join(), /the load generator was the limit for aquatic/)
    assert.equal(report.isDoubtful, false)
  })

  it('say that one processor for both misleads', () => {
    const shared = reportOf({ ...head, share: { ...head.share, isShared: true } }, results)
    assert.equal(shared.isDoubtful, true)
  })
})

describe('comparison of two benches', () => {
  const later = (factor: number): ReportData =>
    reportOf(
      head,
      [0, 1, 2].flatMap(block => [
        cellCosting((2 + block / 10) * factor, { block }),
        cellCosting(4 + block / 10, { block, contender: 'opentracker' }),
      ]),
    )
  const costOf = (after: ReportData) =>
    compareReports(report, after).find(
      ({ contender, metric }) => contender === 'aquatic' && metric === 'processor_us',
    )!

  it('says what got worse beyond the noise, by ratios to the same baseline', () => {
    const { isRelative, isNoise, isWorse, ratio } = costOf(later(1.5))
    assert.deepEqual([isRelative, isNoise, isWorse], [true, false, true])
    assert.ok(Math.abs(ratio - 1.5) < 0.01)
  })

  it('says nothing of what is within the noise, and better is not worse', () => {
    assert.equal(costOf(later(1.01)).isNoise, true)
    assert.equal(costOf(later(0.5)).isWorse, false)
  })
})

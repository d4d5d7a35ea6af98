// Reports of a bench: table, Markdown, HTML, JSON.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoredHead } from '../../src/bench/bench.js'
import type { CellResult, LatencyPoint } from '../../src/bench/cell-result.js'
import { compareReports } from '../../src/bench/compare.js'
import { headlineMarks, headlineOf, withHeadline } from '../../src/bench/report/headline.js'
import { htmlReport } from '../../src/bench/report/html.js'
import { markdownReport } from '../../src/bench/report/markdown.js'
import type { ReportData } from '../../src/bench/report/report-data.js'
import { tableReport } from '../../src/bench/report/table.js'
import { reportOf } from '../../src/bench/report-of.js'
import { workloads } from '../../src/bench/workloads.js'
import { type Schema, schemaProblems } from '../../src/loadtest/report/schema-problems.js'
import { packageRoot } from '../support/tracker-process.js'
import { cellCosting, cellOf, figuresOf } from './sample-cells.js'
import { sampleEnvironment, sampleHead, sampleResults } from './sample-report.js'

const head: StoredHead = {
  schemaVersion: 2,
  startedAt: '2026-01-01T00:00:00.000Z',
  request: {
    ...sampleHead.request,
    command: 'aquatic bench udp',
    workloads: workloads.filter(({ key }) => key === 'udp-mixed'),
    blocks: 3,
  },
  environment: { ...sampleEnvironment, loadAverage: 0.1 },
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

/** AQUATIC_WRITE_FRAMES=1 writes it anew, to be looked at before it is committed. */
function assertGolden(name: string, text: string): void {
  const file = join(packageRoot, 'test/bench/data', name)
  if (process.env['AQUATIC_WRITE_FRAMES'] === '1') writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

const readSchema = (): Schema =>
  JSON.parse(readFileSync(join(packageRoot, 'schemas/bench-report.json'), 'utf8')) as Schema

describe('reports of a bench', () => {
  it('as tables have contenders in rows, and eight of them in 100 columns', async () => {
    const text = await tableReport(reportOf(sampleHead, sampleResults))
    assertGolden('report-100.txt', text)
    assert.ok(text.split('\n').every(line => line.length <= 100))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours
    assert.doesNotMatch(text, /\x1b/)
  })

  it('as tables use a wide terminal, and no less than 80 columns', async () => {
    const sample = reportOf(sampleHead, sampleResults)
    const [wide, narrow] = await Promise.all([200, 20].map(columns => tableReport(sample, { columns })))
    assert.match(wide!, /per response .* responses .* p99 at half .* start-up/)
    assert.ok(narrow!.split('\n').every(line => line.length <= 80))
  })

  it('as tables have medians, ratios, noise and who is missing', async () => {
    const text = await tableReport(report)
    assert.match(
      text,
      /^aquatic has the smallest .*: 2\.10 µs, 0\.51× \[0\.48, 0\.54\] that of\nopentracker\.$/m,
    )
    assert.match(text, /^aquatic +2\.10 µs +0\.51× \[0\.48, 0\.54\]/m)
    assert.match(text, /^opentracker +4\.10 µs/m)
    assert.match(
      text,
      /^Noise, by two equal runs of opentracker in each block: .*;\nprocessor time per response 1\.00× \[1\.00, 1\.01\]/m,
    )
    assert.match(text, /not here: chihaya: no chihaya in PATH \(build it\)/)
  })

  it('as Markdown begin with warnings and the headline', () => {
    assertGolden('report.md', markdownReport(reportOf(sampleHead, sampleResults)))
  })

  it('as Markdown keep foreign text in its cell', () => {
    assert.match(markdownReport(report), /\| opentracker \| 1 \\<script>\\\| \| closes/)
  })

  it('say that a bench was interrupted before any figure', async () => {
    const cut = reportOf({ ...head, cells: sampleHead.cells }, results)
    for (const page of [await tableReport(cut), markdownReport(cut), htmlReport(cut)]) {
      assert.ok(page.indexOf('was interrupted') > 0)
      assert.ok(page.indexOf('was interrupted') < page.indexOf('2.10 µs'))
    }
  })

  it('say nothing of where things lie on the machine they were made on', async () => {
    const request = { ...head.request, command: 'aquatic bench --path chihaya=/home/me/chihaya --out /tmp/x' }
    const contenders = head.contenders.map(contender => ({
      ...contender,
      version: '/opt/t/ours --port {port}',
    }))
    const missing = [{ name: 'b', reason: '/home/me/b is no file', remedy: 'build it' }]
    const failed = cellOf({ contender: 'opentracker', outcome: 'failed', reason: '/tmp/y/z was lost' })
    const made = reportOf({ ...head, request, contenders, missing }, [...results.slice(0, 1), failed])
    assert.equal(made.command, 'aquatic bench --path chihaya=…/chihaya --out …/x')
    for (const page of [
      await tableReport(made),
      markdownReport(made),
      htmlReport(made),
      JSON.stringify(made),
    ]) {
      assert.doesNotMatch(page, /\/home|\/tmp|\/opt/)
    }
  })

  it('say that nobody could be ranked where it is so', async () => {
    const wrong = [0, 1].map(block => cellOf({ block, outcome: 'wrong-answers', reason: 'all were wrong' }))
    const text = await tableReport(reportOf(head, wrong))
    assert.match(text, /Nobody could be ranked\./)
    assert.match(text, /! aquatic, 2 blocks: wrong answers \(all were wrong\)/)
  })

  it('say in the place of a rank to whom a workload does not apply', async () => {
    const closing = { outcome: 'not-applicable', reason: 'it closes each connection', figures: null } as const
    const cells = [0, 1].flatMap(block => [
      cellCosting(2, { block }),
      cellOf({ block, contender: 'opentracker', ...closing }),
    ])
    const made = reportOf(head, cells)
    const table = await tableReport(made)
    assert.match(table, /^opentracker +not applicable /m)
    assert.match(table, /^! opentracker, 2 blocks: not applicable \(it closes each connection\)$/m)
    const page = markdownReport(made)
    assert.match(page, /\| opentracker \(not applicable\) \|/)
    assert.match(page, /\| opentracker \| not applicable \|/)
  })

  it('say beside its figures who sends more peers than are asked for', async () => {
    const many = [0, 1].map(block => cellOf({ block, figures: figuresOf({ excessShare: 0.74 }) }))
    const made = reportOf(head, many)
    const sentence =
      /aquatic sends more peers than it is asked for in 74\.0 % of the answers looked at, 20\.0 on average: that costs it/
    for (const page of [await tableReport(made), markdownReport(made), htmlReport(made)]) {
      assert.match(page.replaceAll(/\s+/g, ' '), sentence)
    }
    assert.match(await tableReport(made), /aquatic alone could be ranked/)
  })

  it('as HTML are one file, with bars, and nothing foreign runs in it', () => {
    const page = htmlReport(report)
    assert.match(page, /<rect class="bar ours"/)
    assert.doesNotMatch(page, /<script|https?:\/\//)
    assert.match(page, /1 &#60;script&#62;/)
  })

  it('as HTML have a curve where latency was measured at several rates', () => {
    const sample = reportOf(sampleHead, sampleResults)
    const curveOf = (key: string) => sample.curves.find(({ contender }) => contender === key)
    const rates = curveOf('opentracker')!.points.map(({ ratePerSecond }) => Math.round(ratePerSecond))
    assert.deepEqual(rates, [108_696, 217_391, 326_087, 391_304])
    // What the load generator could not keep is no point.
    assert.equal(curveOf('aquatic')!.points.length, 3)
    const page = htmlReport(sample)
    assert.equal(page.match(/p99 latency by rate/g)!.length, 2)
    assert.equal(page.match(/<path class="line s\d+" d="M0 4h28"/g)!.length, 7)
    assert.doesNotMatch(page, /<\/svg>torrust-tracker<\/li>/)
    assert.deepEqual(report.curves, [])
    assert.doesNotMatch(htmlReport(report), /p99 latency by rate/)
  })

  it('have a headline that the README shows, as npm run docs writes it', () => {
    const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
    const shown = headlineOf(read('README.md'))
    assert.ok(shown !== undefined)
    const recorded = 'docs/benchmarks/bench.md'
    if (existsSync(join(packageRoot, recorded))) assert.equal(shown, headlineOf(read(recorded)))
  })

  it('have a headline that another page can show', () => {
    const headline = headlineOf(markdownReport(report))!
    assert.match(headline, /^\| tracker \| udp-mixed \|/)
    const page = `# Other\n\n${headlineMarks.begin}\n\nold\n\n${headlineMarks.end}\n\nrest\n`
    const changed = withHeadline(page, headline)
    assert.equal(headlineOf(changed), headline)
    assert.equal(withHeadline(changed, headline), changed)
    assert.ok(changed.startsWith('# Other\n') && changed.endsWith('\n\nrest\n'))
    assert.equal(withHeadline('no marks', headline), 'no marks')
    assert.equal(headlineOf('no marks'), undefined)
  })

  it('as JSON are as their schema says', () => {
    const schema = readSchema()
    assert.deepEqual(schemaProblems(schema, JSON.parse(JSON.stringify(report))), [])
    const broken = { ...report, blocks: 'many' }
    assert.notDeepEqual(schemaProblems(schema, JSON.parse(JSON.stringify(broken))), [])
  })

  it('show a rate that the load generator limited as a bound, without ratio, and mislead nobody', async () => {
    const saturation = { ...figuresOf().saturation!, generatorShare: 1, processorsUsed: 0.4 }
    const limited = [0, 1, 2].flatMap(block => [
      cellOf({ block, figures: figuresOf({ saturation }) }),
      cellCosting(4 + block / 10, { block, contender: 'opentracker' }),
    ])
    const bounded = reportOf(head, limited)
    assert.match(bounded.warnings.join(), /the load generator was the limit for aquatic, not the tracker/)
    assert.equal(bounded.isDoubtful, false)
    const text = await tableReport(bounded)
    assert.match(text, /^aquatic +3\.00 µs +0\.73× \[.*\] +≥ 100k\/s +50\.0 ms/m)
    assert.match(text, /≥, ≤: the load/)
    assert.match(markdownReport(bounded), /\| ≥ 100k\/s \|/)
    assert.deepEqual(schemaProblems(readSchema(), JSON.parse(JSON.stringify(bounded))), [])
    assert.doesNotMatch(await tableReport(report), /≥/)
  })

  it('show a rate as a bound where neither tracker nor generator was busy all the time', async () => {
    const of = (processorsUsed: number): ReportData => {
      const saturation = { ...figuresOf().saturation!, generatorShare: 0.7, processorsUsed }
      return reportOf(
        head,
        [0, 1, 2].map(block => cellOf({ block, figures: figuresOf({ saturation }) })),
      )
    }
    assert.match(of(0.89).warnings.join(), /aquatic was not busy all the time/)
    assert.match(await tableReport(of(0.89)), /≥ 100k\/s/)
    assert.equal(of(0.89).isDoubtful, false)
    assert.deepEqual(of(0.9).warnings, [])
    assert.doesNotMatch(await tableReport(of(0.9)), /≥/)
  })

  it('say in their last line which figure would mislead', async () => {
    const saturation = { ...figuresOf().saturation!, generatorShare: 0.2, processorsUsed: 0.2 }
    const idle = reportOf(
      head,
      [0, 1, 2].map(block => cellOf({ block, figures: figuresOf({ saturation }) })),
    )
    assert.equal(idle.isDoubtful, true)
    const last = (await tableReport(idle)).trimEnd().split('\n\n').at(-1)!
    assert.match(
      last.replace(/\s+/g, ' '),
      /^Exit code 4: UDP: .*: neither the tracker nor the load generator was busy for aquatic: .* mislead there\.$/,
    )
    assert.equal(report.isDoubtful, false)
    assert.doesNotMatch(await tableReport(report), /Exit code/)
  })

  it('doubt what the host took the processor from in most blocks, and warn of one', () => {
    const stolen = (blocks: number): ReportData =>
      reportOf(
        head,
        [0, 1, 2].map(block => {
          const saturation = { ...figuresOf().saturation!, stealShare: block < blocks ? 0.1 : 0 }
          return cellOf({ block, figures: figuresOf({ saturation }) })
        }),
      )
    assert.match(stolen(2).doubts.join(), /^UDP.*in most measurements of aquatic, and all figures mislead/)
    assert.deepEqual(stolen(1).doubts, [])
    assert.match(stolen(1).warnings.join(), /up to 10 % .* in 1 of 3 measurements/)
  })

  it('say that one processor for both misleads', () => {
    const shared = reportOf({ ...head, share: { ...head.share, isShared: true } }, results)
    assert.equal(shared.isDoubtful, true)
  })
})

describe('latency in reports', () => {
  const point = {
    ...{ ratePerSecond: 50_000, share: 0.5, p50Us: 60, p99Us: 1000, p999Us: 2000, lossShare: 0 },
    ...{ isValid: true, lagP99Us: 10, waitShare: 0 },
  }
  const withLatency = (...latency: LatencyPoint[]): ReportData =>
    reportOf(
      head,
      [0, 1, 2].flatMap(block =>
        ['aquatic', 'opentracker'].map(contender =>
          cellOf({ block, contender, figures: figuresOf({ latency }) }),
        ),
      ),
    )

  it('is the tracker’s where the load generator was in time', async () => {
    assert.match(await tableReport(withLatency(point)), /^aquatic +0\.060 ms .* 1\.00 ms +~1\.00×/m)
  })

  it('is a bound where the generator was late, or waited for a processor', async () => {
    for (const late of [{ lagP99Us: 251 }, { waitShare: 0.006 }]) {
      const text = await tableReport(withLatency({ ...point, ...late }))
      assert.match(text, /^aquatic +0\.060 ms .* ≤ 1\.00 ms +50\.0 ms/m)
    }
    for (const inTime of [{ lagP99Us: 250 }, { waitShare: 0.005 }]) {
      assert.doesNotMatch(await tableReport(withLatency({ ...point, ...inTime })), /≤/)
    }
  })

  it('is none where half could not be kept, and that at a quarter is told of', async () => {
    const invalid = { ...point, isValid: false }
    const kept = withLatency(invalid, { ...point, share: 0.25, p99Us: 500 })
    assert.match(
      kept.warnings.join(),
      /could not keep half of the saturation of aquatic, opentracker in 3 of 3 measurements, which are left out\. At a quarter of it, p99 was 0\.50 ms at most\./,
    )
    assert.equal(kept.isDoubtful, false)
    assert.doesNotMatch(await tableReport(kept), /(median|p99) at half {2}/)
    assert.doesNotMatch(withLatency(invalid).warnings.join(), /quarter/)
  })

  it('is none where one request in a hundred was lost: that is the time limit', async () => {
    const lossy = withLatency({ ...point, lossShare: 0.01, p99Us: 1_000_000 })
    assert.match(
      lossy.warnings.join(),
      /was lost at half of the saturation of aquatic, opentracker in 3 of 3/,
    )
    assert.doesNotMatch(await tableReport(lossy), /1000 ms|1,000/)
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

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { reportOf } from '../../src/bench/report-of.js'
import {
  type BenchState,
  benchLine,
  benchSnapshot,
  resultLine,
} from '../../src/commands/screens/bench-screen.js'
import { layout, type Size } from '../../src/tui/layout.js'
import { plainText } from '../../src/tui/line.js'
import { progressLine } from '../../src/tui/line-reporter.js'
import type { Row } from '../../src/tui/snapshot.js'
import { firstView, type View } from '../../src/tui/view.js'
import { cellCosting, cellOf } from '../bench/sample-cells.js'
import { sampleHead, sampleResults } from '../bench/sample-report.js'
import { packageRoot } from '../support/tracker-process.js'

/** In the last block, in which four measurements were made. */
const made = sampleHead.cells.findIndex(({ block }) => block === 4) + 4
const cell = sampleHead.cells[made]!

const state: BenchState = {
  command: 'aquatic bench',
  progress: { cell, number: made + 1, cells: sampleHead.cells.length, remainingSeconds: 200 },
  stage: 'saturating',
  elapsedSeconds: 1_000,
  lengthSeconds: 1_196,
  cells: sampleHead.cells,
  report: reportOf(sampleHead, sampleResults.slice(0, made)),
}

const emptyState: BenchState = {
  ...state,
  progress: null,
  stage: null,
  elapsedSeconds: 0,
  lengthSeconds: null,
  report: reportOf(sampleHead, []),
}

function linesOf(shown: BenchState, size: Size, view: Partial<View> = {}): string[] {
  return layout(benchSnapshot(shown), size, { ...firstView, ...view }).map(line => plainText(line).trimEnd())
}

/** AQUATIC_WRITE_FRAMES=1 writes the frames anew, to be looked at before they are committed. */
function assertFrame(name: string, lines: readonly string[]): void {
  const file = join(packageRoot, 'test/tui/frames', `${name}.txt`)
  const frame = `${lines.join('\n')}\n`
  if (process.env['AQUATIC_WRITE_FRAMES'] === '1') writeFileSync(file, frame)
  assert.equal(frame, readFileSync(file, 'utf8'))
}

describe('the screen of a bench', () => {
  for (const columns of [60, 100, 160]) {
    it(`is drawn ${columns} columns wide`, () =>
      assertFrame(`bench-${columns}`, linesOf(state, { columns, rows: 40 })))
  }

  it('is drawn before anything was measured', () =>
    assertFrame('bench-start', linesOf(emptyState, { columns: 100, rows: 30 })))

  it('shows the workload of this measurement first, and each of them by a key', () => {
    const { windows, tables } = benchSnapshot(state)
    assert.deepEqual(windows, ['this workload', 'udp-mixed', 'http-close', 'state-1m'])
    assert.deepEqual(
      tables.map(({ caption }) => caption),
      ['udp-mixed', 'udp-mixed', 'http-close', 'state-1m'],
    )
    const memory = linesOf(state, { columns: 100, rows: 40 }, { window: 3 })
    assert.ok(memory.some(line => /^aquatic +4 of 5 +9\.\d\d bytes/.test(line)))
    assert.match(memory.at(-1)!, /\[w\]indow state-1m/)
  })

  it('has one table and no choice where there is one workload', () => {
    const cells = sampleHead.cells.filter(({ workload }) => workload === 'udp-mixed')
    const { windows, tables } = benchSnapshot({ ...state, cells })
    assert.deepEqual([windows, tables.length], [['udp-mixed'], 1])
  })

  it('marks who had troubles, and says what they were', () => {
    const { tables, lists, figures } = benchSnapshot(state)
    const levelOf = (name: string): Row['level'] => tables[0]!.rows.find(({ label }) => label === name)!.level
    assert.deepEqual(
      [levelOf('chihaya'), levelOf('torrust-tracker'), levelOf('aquatic')],
      ['warn', 'bad', null],
    )
    assert.deepEqual(
      lists[0]!.entries.map(([text]) => text),
      [
        'chihaya, udp-mixed: died (it ended under the load: exit code 2)',
        'torrust-tracker, udp-mixed: wrong answers (12 of 700 answers that were looked at were wrong)',
      ],
    )
    assert.deepEqual(
      figures.find(({ label }) => label === 'troubles'),
      { label: 'troubles', value: '2', unit: 'count', level: 'warn' },
    )
  })

  it('is never longer than it took', () => {
    const { progress, figures } = benchSnapshot({ ...state, elapsedSeconds: 2_000 })
    assert.deepEqual(progress, { elapsedSeconds: 2_000, lengthSeconds: 2_000 })
    assert.equal(figures.find(({ label }) => label === 'left, about')!.value, '0 s')
  })

  it('reads well as a line, where the terminal is gone', () =>
    assert.equal(
      progressLine(benchSnapshot(state)).split(';')[0],
      `saturating 16:40 / 19:56: measurement ${made + 1} of ${sampleHead.cells.length}`,
    ))
})

describe('lines of a bench', () => {
  it('say what begins', () => {
    const { progress } = state
    assert.equal(
      benchLine(progress!),
      `${made + 1}/${sampleHead.cells.length} block 5 udp-mixed aquatic-rust-uring, about 3 min left`,
    )
    assert.doesNotMatch(benchLine({ ...progress!, remainingSeconds: null }), /left/)
  })

  it('say what came of it, or why nothing did', () => {
    assert.equal(
      resultLine(cellCosting(4)),
      'processor time per response 4.00 µs, responses/s at saturation 250k/s, start-up time 50.0 ms',
    )
    assert.equal(
      resultLine(cellOf({ outcome: 'did-not-start', reason: 'it ended', figures: null })),
      'did not start: it ended',
    )
  })
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { textWidth } from '../../src/tui/foreign-text.js'
import { layout, reflowedRows, type Size } from '../../src/tui/layout.js'
import { paintLine, plainText, segment } from '../../src/tui/line.js'
import type { ScreenSnapshot } from '../../src/tui/snapshot.js'
import { firstView, type View } from '../../src/tui/view.js'
import { packageRoot } from '../support/tracker-process.js'
import { loadSample, serveSample } from './samples.js'

const frameFile = (name: string): string => join(packageRoot, 'test/tui/frames', `${name}.txt`)

function frameOf(snapshot: ScreenSnapshot, size: Size, view: Partial<View> = {}): string {
  const lines = layout(snapshot, size, { ...firstView, ...view }).map(line => plainText(line).trimEnd())
  return `${lines.join('\n')}\n`
}

/** AQUATIC_WRITE_FRAMES=1 writes the frames anew, to be looked at before they are committed. */
function assertFrame(name: string, frame: string): void {
  if (process.env['AQUATIC_WRITE_FRAMES'] === '1') writeFileSync(frameFile(name), frame)
  assert.equal(frame, readFileSync(frameFile(name), 'utf8'))
}

describe('layout', () => {
  for (const columns of [60, 100, 160]) {
    const size = { columns, rows: 40 }
    it(`draws a load test ${columns} columns wide`, () =>
      assertFrame(`load-${columns}`, frameOf(loadSample, size)))
    it(`draws a tracker ${columns} columns wide`, () =>
      assertFrame(`serve-${columns}`, frameOf(serveSample, size)))
  }

  it('leaves out what matters least where there are few lines', () =>
    assertFrame('load-60x12', frameOf(loadSample, { columns: 60, rows: 12 })))

  it('has two lines where the terminal is smaller than 60 x 12', () => {
    assertFrame('load-59x40', frameOf(loadSample, { columns: 59, rows: 40 }))
    assertFrame('load-40x10', frameOf(loadSample, { columns: 40, rows: 10 }))
    assert.equal(frameOf(loadSample, { columns: 100, rows: 11 }).split('\n').length, 3)
  })

  it('shows the window that was chosen, errors at full length, help, and that it is held', () => {
    const size = { columns: 100, rows: 30 }
    assertFrame('load-errors', frameOf(loadSample, size, { showsErrors: true }))
    assertFrame('load-help', frameOf(loadSample, size, { showsHelp: true }))
    const held = frameOf(loadSample, size, { window: 2, isLog: true, isPaused: true })
    assert.match(held, /sent +50\.0k\/s/)
    assert.match(held, /paused/)
    assert.match(held, /\[w\]indow run/)
    assert.match(held, /last second, logarithmic/)
  })

  it('says that there are no errors', () => {
    const frame = frameOf(
      { ...serveSample, lists: [], notes: [] },
      { columns: 80, rows: 24 },
      { showsErrors: true },
    )
    assert.match(frame, /No errors\./)
  })

  it('shows no keys where nothing can be typed', () => {
    const lines = layout(serveSample, { columns: 80, rows: 24 }, firstView, false)
    assert.equal(plainText(lines.at(-1)!), 'Ctrl-C quits')
  })

  it('never has more than rows - 1 lines, none as wide as the terminal, and nothing that acts on it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme' }))
    const count = fc.oneof(fc.double(), fc.integer({ min: 0 }))
    const list = fc.record({
      title: fc.constant('list'),
      kind: fc.constantFrom('errors' as const, 'ranking' as const),
      entries: fc.array(fc.tuple(text, count), { maxLength: 40 }),
    })
    const view = fc.record({
      window: fc.nat(5),
      isLog: fc.boolean(),
      showsErrors: fc.boolean(),
      showsHelp: fc.boolean(),
      isPaused: fc.boolean(),
    })
    const size = fc.record({ columns: fc.nat(260), rows: fc.nat(60) })
    fc.assert(
      fc.property(
        text,
        fc.array(list, { maxLength: 5 }),
        count,
        view,
        size,
        (word, lists, value, view, size) => {
          const snapshot: ScreenSnapshot = {
            ...loadSample,
            title: { command: word, target: word, pacing: word, phase: word },
            lists,
            figures: loadSample.figures.map(figure => ({ ...figure, label: word, value })),
            objectives: [{ text: word, isMet: true }],
            notes: [{ text: word, level: 'bad' }],
          }
          const lines = layout(snapshot, size, view).map(plainText)
          assert.ok(lines.length <= Math.max(0, size.rows - 1))
          for (const line of lines) {
            assert.ok(textWidth(line) <= Math.max(0, size.columns - 1), line)
            assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u)
          }
        },
      ),
    )
  })

  it('counts the rows that lines take on a narrower terminal', () => {
    const lines = [[segment('a'.repeat(100))], [], [segment('b'), segment(' '.repeat(200))]]
    assert.equal(reflowedRows(lines, 100), 3)
    assert.equal(reflowedRows(lines, 99), 4)
    assert.equal(reflowedRows(lines, 30), 6)
  })
})

describe('paintLine', () => {
  it('colours pieces, or leaves all colours out', () => {
    const line = [segment('a'), segment('b', 'bad')]
    assert.equal(paintLine(line, true), 'a\u001b[31mb\u001b[0m')
    assert.equal(paintLine(line, false), 'ab')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LoadScreen } from '../../src/commands/screens/load-screen.js'
import { outcomeNames } from '../../src/loadtest/kinds.js'
import type { LiveKind, LiveLoad } from '../../src/loadtest/live.js'
import { layout } from '../../src/tui/layout.js'
import { plainText } from '../../src/tui/line.js'
import { firstView } from '../../src/tui/view.js'

const outcomes = (counts: Partial<LiveKind['outcomes']>): LiveKind['outcomes'] =>
  ({ ...Object.fromEntries(outcomeNames.map(name => [name, 0])), ...counts }) as LiveKind['outcomes']

const kind = (name: LiveKind['kind'], counts: Partial<LiveKind['outcomes']>): LiveKind => ({
  kind: name,
  outcomes: outcomes(counts),
  answersPerSecond: 100,
  p50Us: 140,
  p99Us: 920,
  p999Us: null,
  maxUs: null,
})

const live: LiveLoad = {
  protocol: 'udp',
  url: 'udp://127.0.0.1:3000',
  pacing: 'open 50k/s even',
  phase: 'measure',
  phaseSeconds: 5,
  phaseLengthSeconds: 60,
  sentPerSecond: 1_000,
  answersPerSecond: 900,
  inFlight: 61,
  openConnections: 0,
  behind: 0,
  kernelDrops: 0,
  kinds: [kind('connect', { answered: 10 }), kind('announce', { answered: 960, timedOut: 20, refused: 10 })],
  late: 0,
  duplicates: 0,
  bytesSentPerSecond: 1_000,
  bytesReceivedPerSecond: 2_000,
  workerProcessorShares: [0.5, 0.95],
  objectives: [{ text: 'loss<0.1%', isMet: false }],
  remarks: [['Connection ID mismatch', 10]],
  latencies: [
    [100, 5],
    [200, 6],
  ],
  note: null,
}

const figureOf = (screen: ReturnType<LoadScreen['of']>, label: string): unknown =>
  screen.figures.find(figure => figure.label === label)

describe('the screen of a load test', () => {
  it('has what is sent and answered, by kind and in all', () => {
    const screen = new LoadScreen().of(live, 0)
    assert.deepEqual(
      screen.rates.map(({ label, values }) => [label, values[0]]),
      [
        ['sent', 1_000],
        ['answered', 900],
        ['out', 8_000],
        ['in', 16_000],
      ],
    )
    assert.deepEqual(screen.tables[0]!.rows[1], {
      label: 'announce',
      cells: [960, 100, 140, 920, null, null, 30],
      level: 'warn',
    })
    assert.deepEqual(figureOf(screen, 'loss'), { label: 'loss', value: 0.03, unit: 'share', level: 'warn' })
    assert.deepEqual(figureOf(screen, 'generator'), {
      label: 'generator',
      value: 0.95,
      unit: 'share',
      level: 'warn',
    })
    assert.deepEqual(
      screen.lists.map(({ entries }) => entries),
      [
        [
          ['announce: timed out', 20],
          ['announce: refused', 10],
        ],
        [['Connection ID mismatch', 10]],
      ],
    )
    assert.deepEqual(screen.histogram?.buckets, live.latencies)
  })

  it('warns of a generator that falls behind, and is alarmed where the test will be void', () => {
    const levelAt = (behind: number): unknown =>
      (figureOf(new LoadScreen().of({ ...live, behind }, 0), 'behind') as { level: unknown }).level
    assert.equal(levelAt(100), null)
    assert.equal(levelAt(101), 'warn')
    assert.equal(levelAt(1_001), 'bad')
  })

  it('means the phase where it says "run"', () => {
    const screen = new LoadScreen()
    for (let second = 0; second < 10; second++) screen.of({ ...live, phase: 'warm-up' }, second * 1000)
    const measured = { ...live, sentPerSecond: 3_000 }
    screen.of(measured, 10_000)
    assert.equal(screen.of(measured, 11_000).rates[0]!.values[2], 3_000)
  })

  it('knows no length of what has no end, and shows connections where there are some', () => {
    const screen = new LoadScreen().of(
      { ...live, protocol: 'ws', openConnections: 7, phaseLengthSeconds: Number.POSITIVE_INFINITY },
      0,
    )
    assert.equal(screen.progress.lengthSeconds, null)
    const lines = layout(screen, { columns: 100, rows: 40 }, firstView).map(plainText)
    assert.ok(lines.some(line => /connections +7/.test(line)))
  })
})

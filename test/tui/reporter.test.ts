import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isForegroundStat } from '../../src/tui/foreground.js'
import { LineReporter, progressLine } from '../../src/tui/line-reporter.js'
import { chooseReporter, openReporter, type ReporterChoice } from '../../src/tui/reporter.js'
import { loadSample } from './samples.js'

describe('the reporter', () => {
  const terminal: ReporterChoice = {
    stderr: { isTTY: true },
    json: false,
    quiet: false,
    noTui: false,
    env: { TERM: 'xterm-256color' },
    isInForeground: () => true,
  }
  const cases: readonly (readonly [string, Partial<ReporterChoice>, string])[] = [
    ['a terminal', {}, 'screen'],
    ['a pipe', { stderr: {} }, 'lines'],
    ['a terminal with --no-tui', { noTui: true }, 'lines'],
    ['a terminal of a CI', { env: { CI: 'true' } }, 'lines'],
    ['an empty CI', { env: { CI: '' } }, 'lines'],
    ['another CI', { env: { CONTINUOUS_INTEGRATION: 'true' } }, 'lines'],
    ['CI=false', { env: { CI: 'false' } }, 'screen'],
    ['a dumb terminal', { env: { TERM: 'dumb' } }, 'lines'],
    ['a screen reader', { env: { INK_SCREEN_READER: 'true' } }, 'lines'],
    ['the background of a terminal', { isInForeground: () => false }, 'lines'],
    ['NO_COLOR', { env: { NO_COLOR: '1' } }, 'screen'],
    ['--quiet', { quiet: true }, 'silent'],
    ['--json', { json: true }, 'silent'],
    ['--json in a pipe', { json: true, stderr: {} }, 'silent'],
  ]
  for (const [name, choice, kind] of cases) {
    it(`is ${kind} for ${name}`, () => assert.equal(chooseReporter({ ...terminal, ...choice }), kind))
  }

  it('is silent about progress, and not about what it is told to print', async () => {
    const said: string[] = []
    const reporter = await openReporter('silent', { write: text => said.push(text) })
    reporter.show(loadSample)
    reporter.print('a line\n')
    await reporter.close()
    assert.deepEqual(said, ['a line\n'])
  })
})

describe('lines', () => {
  it('come at each change of phase at once, and every five seconds between', () => {
    const said: string[] = []
    let nowMs = 1_000_000
    const reporter = new LineReporter({ write: line => said.push(line), nowMs: () => nowMs })
    const show = (phase: string, afterMs: number): void => {
      nowMs += afterMs
      reporter.show({ ...loadSample, title: { ...loadSample.title, phase } })
    }
    show('connect', 0)
    show('connect', 250)
    show('measure', 250)
    show('measure', 4_999)
    show('measure', 1)
    show('drain', 1)
    assert.deepEqual(
      said.map(line => line.split(' ')[0]),
      ['connect', 'measure', 'measure', 'drain'],
    )
  })

  it('have rates, what is wrong, and latencies', () => {
    assert.equal(
      progressLine({ ...loadSample, notes: [] }),
      'measure 00:23 / 01:00: sent 49.9k/s, answered 49.8k/s; in flight 61; loss 0.12 %; late 3; behind 1.50k; ' +
        'connect p50 0.11 ms, p99 0.31 ms, p99.9 0.40 ms, max 0.60 ms; ' +
        'announce p50 0.14 ms, p99 0.92 ms, p99.9 3.10 ms, max 8.80 ms; ' +
        'scrape p50 0.12 ms, p99 0.71 ms, p99.9 2.20 ms, max 4.00 ms',
    )
  })
})

describe('the foreground', () => {
  it('is where process group and terminal group are one', () => {
    assert.equal(isForegroundStat('7 (no) de)) S 1 7 7 34816 7 4194304 0'), true)
    assert.equal(isForegroundStat('7 (node) S 1 7 5 34816 5 4194304 0'), false)
  })
})

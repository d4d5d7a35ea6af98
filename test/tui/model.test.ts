import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HISTORY_SECONDS, RateHistory } from '../../src/tui/history.js'
import { plainText } from '../../src/tui/line.js'
import { LineTokens } from '../../src/tui/line-tokens.js'
import { ScreenModel } from '../../src/tui/model.js'
import { firstView, type Key, keyMeaning } from '../../src/tui/view.js'
import { loadSample } from './samples.js'

const key = (input: string, isCtrl = false): Key => ({ input, isCtrl, isEscape: false })
const escapeKey: Key = { input: '', isCtrl: false, isEscape: true }

describe('keys', () => {
  it('change what is seen', () => {
    assert.deepEqual(keyMeaning(key('p'), firstView, 3), { ...firstView, isPaused: true })
    assert.deepEqual(keyMeaning(key('l'), firstView, 3), { ...firstView, isLog: true })
    assert.deepEqual(keyMeaning(key('e'), firstView, 3), { ...firstView, showsErrors: true })
    assert.deepEqual(keyMeaning(key('?'), { ...firstView, showsErrors: true }, 3), {
      ...firstView,
      showsHelp: true,
    })
    assert.deepEqual(
      keyMeaning(escapeKey, { ...firstView, showsHelp: true, showsErrors: true }, 3),
      firstView,
    )
  })

  it('turn through the windows that there are', () => {
    assert.deepEqual(keyMeaning(key('w'), { ...firstView, window: 2 }, 3), firstView)
    assert.deepEqual(keyMeaning(key('w'), firstView, 1), firstView)
  })

  it('quit with q and Ctrl-C, also where two came at once, and not by accident', () => {
    assert.equal(keyMeaning(key('q'), firstView, 3), 'quit')
    assert.equal(keyMeaning(key('c', true), firstView, 3), 'quit')
    assert.equal(keyMeaning(key('\u0003\u0003'), firstView, 3), 'quit')
    assert.equal(keyMeaning(key('z', true), firstView, 3), 'suspend')
    assert.equal(keyMeaning(key('equip'), firstView, 3), null)
    assert.equal(keyMeaning(key('x'), firstView, 3), null)
  })
})

describe('screen model', () => {
  const start = (): { model: ScreenModel; calls: string[] } => {
    const calls: string[] = []
    const model = new ScreenModel({
      hasKeys: true,
      hasColour: false,
      sizeOf: () => ({ columns: 100, rows: 30 }),
      actions: {
        quit: () => calls.push('quit'),
        suspend: () => calls.push('suspend'),
        abort: () => calls.push('abort'),
      },
    })
    return { model, calls }
  }
  const text = (model: ScreenModel): string => model.lines.map(plainText).join('\n')
  const later = { ...loadSample, progress: { elapsedSeconds: 59, lengthSeconds: 60 } }

  it('tells of each new picture, and of none where nothing changed', () => {
    const { model } = start()
    let told = 0
    const stop = model.subscribe(() => told++)
    model.show(loadSample)
    const picture = model.picture()
    model.show(loadSample)
    assert.equal(model.picture(), picture)
    model.show(later)
    assert.notEqual(model.picture(), picture)
    assert.equal(told, 3)
    stop()
    model.show(loadSample)
    assert.equal(told, 3)
  })

  it('holds the picture while it is paused, and shows the newest one then', () => {
    const { model } = start()
    model.show(loadSample)
    model.press(key('p'))
    model.show(later)
    assert.match(text(model), /paused.*00:23/)
    model.press(key('l'))
    assert.match(text(model), /paused.*00:23/)
    model.press(key('p'))
    assert.match(text(model), /00:59/)
  })

  it('calls what keys ask for', () => {
    const { model, calls } = start()
    model.press(key('q'))
    model.press(key('z', true))
    model.press(key('\\', true))
    assert.deepEqual(calls, ['quit', 'suspend', 'abort'])
  })

  it('exchanges its picture for its lines', () => {
    const { model } = start()
    model.show(loadSample)
    assert.equal(
      model.restore(model.picture()),
      model.lines.map(line => plainText(line).trimEnd()).join('\n'),
    )
  })
})

describe('line tokens', () => {
  it('change with their line alone', () => {
    const tokens = new LineTokens()
    const first = tokens.exchange(['a', '', 'c'])
    assert.equal(first.length, 5)
    assert.equal(tokens.restore(`\u001b[2A${first}\n`), '\u001b[2Aa\n\nc\n')
    const second = tokens.exchange(['a', 'b', 'c'])
    assert.deepEqual(
      [...second].map((token, index) => token === first[index]),
      [true, true, false, true, true],
    )
    // Ink may write an older picture still.
    assert.equal(tokens.restore(first), 'a\n\nc')
    assert.equal(tokens.restore(second), 'a\nb\nc')
  })

  it('are no more than there are private characters', () => {
    const tokens = new LineTokens()
    const lines = Array.from({ length: 300 }, (_, line) => String(line))
    const picture = tokens.exchange(lines)
    assert.equal(tokens.restore(picture), lines.slice(0, 200).join('\n'))
    assert.match(picture, /^[\ue000-\uf8ff\n]*$/)
  })
})

describe('rate history', () => {
  it('has the value of now, the mean of ten seconds, and of the run', () => {
    const history = new RateHistory()
    history.add(0, 0)
    for (let second = 1; second <= 20; second++)
      for (let part = 0; part < 4; part++) history.add(second, 0.25)
    assert.deepEqual(history.values(), [20, 15.5, 10.5])
    assert.deepEqual(history.history().slice(-3), [19, 20, 20])
    history.restart()
    history.add(7, 0.25)
    assert.deepEqual(history.values(), [7, 15.5, 7])
  })

  it('forgets what is older than its ring', () => {
    const history = new RateHistory()
    for (let second = 0; second < 3 * HISTORY_SECONDS; second++) history.add(second, 1)
    assert.equal(history.history().length, HISTORY_SECONDS + 1)
    assert.equal(history.history()[0], 2 * HISTORY_SECONDS)
  })
})

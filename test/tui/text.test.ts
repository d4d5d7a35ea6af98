import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { columnChart, gauge, sparkline, spreadOverLogAxis } from '../../src/tui/bars.js'
import { fitText, harmless, textWidth } from '../../src/tui/foreign-text.js'
import { wantsColour } from '../../src/tui/line.js'
import { numberText } from '../../src/tui/number-text.js'
import type { Unit } from '../../src/tui/snapshot.js'

describe('numberText', () => {
  const cases: readonly (readonly [number, Unit, string])[] = [
    [0, 'count', '0'],
    [999, 'count', '999'],
    [999.6, 'count', '1.00k'],
    [1_234, 'count', '1.23k'],
    [49_912, 'perSecond', '49.9k/s'],
    [999_950, 'count', '1.00M'],
    [123_456_789, 'count', '123M'],
    [0.4, 'perSecond', '0.40/s'],
    [512, 'bytes', '512 B'],
    [640 * 2 ** 20, 'bytes', '640 MiB'],
    [1023.9 * 2 ** 20, 'bytes', '1.00 GiB'],
    [4_200_000, 'bitsPerSecond', '4.20 Mbit/s'],
    [1, 'microseconds', '0.001 ms'],
    [140, 'microseconds', '0.14 ms'],
    [8_800, 'microseconds', '8.80 ms'],
    [999_499, 'microseconds', '999 ms'],
    [999_500, 'microseconds', '1.00 s'],
    [2, 'milliseconds', '2.00 ms'],
    [23.9, 'seconds', '00:23'],
    [3_723, 'seconds', '1:02:03'],
    [93_784, 'seconds', '1 d 02:03'],
    [0.71, 'share', '71 %'],
    [0.0012, 'share', '0.12 %'],
    [0, 'share', '0 %'],
    [Number.NaN, 'count', '-'],
    [Number.POSITIVE_INFINITY, 'perSecond', '-'],
  ]
  for (const [value, unit, text] of cases) {
    it(`writes ${value} (${unit}) as ${text}`, () => assert.equal(numberText(value, unit), text))
  }

  it('is never wider than eleven characters', () => {
    for (let exponent = -3; exponent < 17; exponent += 0.01) {
      for (const unit of ['count', 'perSecond', 'bytes', 'bitsPerSecond'] as const) {
        const text = numberText(10 ** exponent, unit)
        assert.ok(text.length <= 11, text)
      }
    }
  })
})

describe('foreign text', () => {
  it('loses what could act on a terminal, and keeps its letters', () => {
    assert.equal(harmless('\u001b[31mred\u001b[0m\r\n\u009b2J\u0007'), '·[31mred·[0m···2J·')
    assert.equal(harmless('a\u202eb\u200dc\ue000\ud800'), 'a·b·c··')
    assert.equal(harmless('Größe Ω 種子 ♥\u{1F600}\u{1F1E9}\u{1F1EA}'), 'Größe Ω 種子 ····')
    assert.equal(harmless('e\u0301 a\u0332'), 'é a')
    assert.equal(harmless('©™ 1#'), '©™ 1#')
  })

  it('is cut before anything else is done to it', () => {
    assert.ok(harmless('a\u0301'.repeat(100_000)).length <= 1_001)
  })

  it('is as wide as terminals show it', () => {
    assert.equal(textWidth('種子'), 4)
    assert.equal(fitText('種子が', 6), '種子が')
    assert.equal(fitText('種子が', 5), '種子…')
    assert.equal(fitText('種子が', 4), '種…')
    assert.equal(fitText('abc', 0), '')
  })
})

describe('bars', () => {
  it('draws the newest values that fit, the largest of them full', () => {
    assert.equal(sparkline([800, 0, 1, 4, 8], 4), '▁▁▄█')
    assert.equal(sparkline([0, 0], 10), '▁▁')
    assert.equal(sparkline([], 10), '')
    assert.equal(sparkline([1], 0), '')
  })

  it('fills gauges in proportion, within their bounds', () => {
    assert.equal(gauge(0.5, 4), '██░░')
    assert.equal(gauge(7, 4), '████')
    assert.equal(gauge(Number.NaN, 4), '░░░░')
  })

  it('draws columns, and never an empty one for something', () => {
    assert.deepEqual(columnChart([0, 1, 1_000], 2, false), ['  █', ' ▁█'])
    assert.deepEqual(columnChart([0, 9, 99], 2, true), ['  █', ' ██'])
    assert.deepEqual(columnChart([0], 1, false), [' '])
  })

  it('spreads values over a logarithmic axis without losing any', () => {
    assert.deepEqual(
      spreadOverLogAxis(
        [
          [1, 5],
          [10, 6],
          [100, 7],
        ],
        2,
      ),
      [5, 13],
    )
    assert.deepEqual(spreadOverLogAxis([[3, 5]], 3), [5, 0, 0])
    assert.deepEqual(spreadOverLogAxis([], 2), [0, 0])
  })
})

describe('colours', () => {
  it('are left out for NO_COLOR, unless FORCE_COLOR is set', () => {
    assert.equal(wantsColour({}), true)
    assert.equal(wantsColour({ NO_COLOR: '' }), true)
    assert.equal(wantsColour({ NO_COLOR: '1' }), false)
    assert.equal(wantsColour({ NO_COLOR: '1', FORCE_COLOR: '1' }), true)
    assert.equal(wantsColour({ FORCE_COLOR: '0' }), false)
  })
})

// The largest exact integer was read as one more: the sum before the subtraction of "0" was rounded.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTrackerAnswer, TrackerAnswer } from '../../src/protocol/http/tracker-answer.js'

test('bencoded integers are exact up to 2^53 - 1', () => {
  const answer = new TrackerAnswer()
  for (const number of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1, Number.MIN_SAFE_INTEGER]) {
    const input = Buffer.from(`d8:completei${number}ee`)
    readTrackerAnswer(input, 0, input.length, answer)
    assert.equal(answer.complete, number)
  }
})

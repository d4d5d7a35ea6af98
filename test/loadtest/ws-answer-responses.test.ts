import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnswerResponses } from '../../src/loadtest/ws/answer-responses.js'

function learned(isResponding: boolean): AnswerResponses {
  const responses = new AnswerResponses(3, true)
  responses.ask(1)
  if (isResponding) responses.hasResponded()
  responses.conclude()
  return responses
}

describe('responses to answers', () => {
  it('are found out by one connection, three times at most', () => {
    const responses = new AnswerResponses(3, true)
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.deepEqual([responses.isWanted, responses.isKnown], [true, false])
      responses.ask(attempt)
      assert.deepEqual([responses.isWanted, responses.asking], [false, attempt])
      responses.abandon()
    }
    assert.deepEqual([responses.isWanted, responses.isKnown], [false, true])
    assert.equal(new AnswerResponses(3, false).isWanted, false)
  })

  it('are expected from those only who give them', () => {
    const silent = learned(false)
    silent.sent(0, false)
    assert.equal(silent.take(0, false), false)
  })

  it('come before that of the announce that was sent after them, and after that of the one before', () => {
    const responses = learned(true)
    responses.sent(0, false)
    responses.sent(0, true)
    assert.equal(responses.take(0, true), true)
    assert.equal(responses.take(0, true), false)
    responses.settle(0)
    responses.sent(0, false)
    assert.equal(responses.take(0, false), true)
    assert.equal(responses.take(0, true), true)
    assert.equal(responses.take(0, true), false)
    assert.equal(responses.take(1, true), false)
  })

  it('are not expected of a connection that has ended', () => {
    const responses = learned(true)
    responses.sent(2, false)
    responses.sent(2, true)
    responses.forget(2)
    assert.equal(responses.take(2, false), false)
  })
})

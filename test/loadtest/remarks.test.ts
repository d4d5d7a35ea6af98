import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Remarks } from '../../src/loadtest/generator.js'

describe('what a server said, as it is kept', () => {
  it('loses what could act on a terminal, and its length', () => {
    const remarks = new Remarks()
    remarks.add('refused: \u001b]0;title\u0007\u009b2J\r\nand\u202eback')
    remarks.add('x'.repeat(100_000))
    assert.deepEqual(remarks.entries(), [
      ['refused:  ]0;title 2J and back', 1],
      ['x'.repeat(200), 1],
    ])
  })

  it('is one of few texts, however many there are', () => {
    const remarks = new Remarks()
    for (let number = 0; number < 1000; number++) remarks.add(`refused: ${number}`)
    assert.equal(remarks.entries().length, 21)
    assert.deepEqual(remarks.entries().at(-1), ['other texts', 980])
  })
})

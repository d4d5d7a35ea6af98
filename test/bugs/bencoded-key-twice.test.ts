// Torrents of two `files` in one answer were counted together, while only those of the first could be walked through.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextFile, readTrackerAnswer, TrackerAnswer } from '../../src/protocol/http/tracker-answer.js'

const answer = new TrackerAnswer()
const file = (letter: string): string => `20:${letter.repeat(20)}d8:completei0ee`

function read(text: string): Uint8Array {
  const input = Buffer.from(text, 'latin1')
  readTrackerAnswer(input, 0, input.length, answer)
  return input
}

test('of files that come twice in an answer the last ones count', () => {
  const input = read(`d5:filesd${file('a')}${file('b')}e5:filesd${file('c')}ee`)
  assert.equal(answer.files, 1)
  assert.equal(String.fromCharCode(input[answer.filesStart]!), 'c')
  assert.equal(nextFile(input, answer.filesStart, input.length), -1)
  read(`d5:filesd${file('a')}e5:filesdee`)
  assert.equal(answer.files, 0)
})

test('of peers that come twice in an answer the last ones count', () => {
  read('d5:peers12:abcdefghijkl5:peersld4:porti1eeee')
  assert.deepEqual([answer.peers, answer.peersStart, answer.peersEnd], [1, 0, 0])
})

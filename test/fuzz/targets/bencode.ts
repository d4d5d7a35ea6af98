// Bencoded answers as the load test reads them: whatever the strict reader of the tests takes is read as it says, and
// no byte is read behind the answer.

import assert from 'node:assert/strict'
import {
  AnswerKind,
  nextFile,
  readTrackerAnswer,
  TrackerAnswer,
} from '../../../src/protocol/http/tracker-answer.js'
import { type BencodeDictionary, type BencodeValue, decodeBencode } from '../../support/bencode.js'
import { type FuzzTarget, latin1, POISON_BEFORE, poisoned } from '../target.js'

const answer = new TrackerAnswer()

/** A dictionary by the strict reader, or undefined. */
function strictly(bytes: Uint8Array): BencodeDictionary | undefined {
  try {
    const value = decodeBencode(bytes)
    return typeof value === 'object' && !Array.isArray(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function depthOf(value: BencodeValue): number {
  if (typeof value !== 'object') return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function walkFiles(input: Uint8Array, end: number): void {
  let files = 0
  for (let at = answer.filesStart; at >= 0; at = nextFile(input, at, end)) {
    assert.ok(at + 20 <= end)
    files++
  }
  assert.equal(files, answer.files, 'not as many files as were counted')
}

function compare(expected: BencodeDictionary): void {
  const { interval, complete, incomplete, peers } = expected
  const numbers = { interval, complete, incomplete }
  for (const [name, value] of Object.entries(numbers)) {
    const found = answer[name as keyof typeof numbers]
    if (value === undefined) assert.equal(found, -1)
    // Beyond 2^53 numbers are rounded as they are read.
    else if (Number.isSafeInteger(value)) assert.equal(found, value, name)
  }
  if (expected['failure reason'] !== undefined) assert.equal(answer.kind, AnswerKind.failure)
  else if (expected['files'] !== undefined) assert.equal(answer.kind, AnswerKind.scrape)
  if (typeof peers === 'string') assert.equal(answer.peers, Math.floor(peers.length / 6))
}

/** What the decoder leaves out on purpose: types that are wrong, and numbers and nesting that nobody needs. */
function mayBeMalformed(expected: BencodeDictionary, text: string): boolean {
  const { interval = 0, complete = 0, incomplete = 0, peers = '', peers6 = '', files } = expected
  const areNumbers = [interval, complete, incomplete].every(value => typeof value === 'number')
  const areLists = typeof peers === 'string' && typeof peers6 === 'string' && files === undefined
  return !areNumbers || !areLists || depthOf(expected) > 14 || /\d{10}/.test(text)
}

function run(bytes: Uint8Array): string {
  const kinds = [0x30, 0x65].map(poison => {
    const input = poisoned(bytes, poison)
    const end = POISON_BEFORE + bytes.length
    const kind = readTrackerAnswer(input, POISON_BEFORE, end, answer)
    if (kind === AnswerKind.scrape && answer.files > 0) walkFiles(input, end)
    return kind === AnswerKind.malformed ? `${kind}` : `${kind} ${JSON.stringify(answer)}`
  })
  assert.equal(kinds[0], kinds[1], 'what lies behind the answer counts')
  const expected = strictly(bytes)
  const { kind, peersStart, peersEnd, failureEnd, peers6Start, peers6End } = answer
  if (kind !== AnswerKind.malformed) {
    assert.ok(peersStart <= peersEnd && peers6Start <= peers6End)
    assert.ok(Math.max(peersEnd, peers6End, failureEnd) <= POISON_BEFORE + bytes.length)
    if (expected !== undefined) compare(expected)
  } else if (expected !== undefined) {
    assert.ok(mayBeMalformed(expected, Buffer.from(bytes).toString('latin1')), 'good bencoding was refused')
  }
  return `${kind} ${Math.min(answer.files, 5)} ${Math.min(answer.peers, 5)} ${answer.hasOddPeers} ${expected === undefined}`
}

const peers = '\x7f\0\0\x01\x1a\xe1'.repeat(3)
const file = (letter: string): string =>
  `20:${letter.repeat(20)}d8:completei1e10:downloadedi0e10:incompletei2ee`

export const bencode: FuzzTarget = {
  name: 'bencode',
  seeds: [
    `d8:completei5e10:incompletei12e8:intervali1800e5:peers18:${peers}6:peers636:${'x'.repeat(36)}e`,
    `d5:filesd${file('a')}${file('b')}e5:flagsd20:min_request_intervali60eee`,
    'd14:failure reason9:not today12:min intervali5ee',
    'd8:intervali60e5:peersld2:ip9:127.0.0.17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti6881eeee',
    'd1:ai1e1:bl1:xd1:yi-5eeee',
  ].map(latin1),
  dictionary: [
    ...['d', 'e', 'l', 'i5e', 'i-1e', '0:', '1:a', '5:peers', '6:peers6', '5:files', '8:interval', '20:'],
    ...[
      '14:failure reason',
      '8:complete',
      '10:incomplete',
      '999999999:',
      'de',
      'le',
      'lllllllll',
      'eeeeeeeee',
    ],
  ].map(latin1),
  bytesMax: 2000,
  run,
}

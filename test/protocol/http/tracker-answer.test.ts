import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  AnswerKind,
  nextFile,
  readTrackerAnswer,
  TrackerAnswer,
} from '../../../src/protocol/http/tracker-answer.js'

function read(text: string): TrackerAnswer {
  const input = Buffer.from(`d${text}e`, 'latin1')
  const answer = new TrackerAnswer()
  assert.equal(readTrackerAnswer(input, 1, 1 + text.length, answer), answer.kind)
  return answer
}

const peers = '\x7f\0\0\x01\x1a\xe1'.repeat(3)
const peers6 = 'x'.repeat(36)
const announce = `d8:completei5e10:incompletei12e8:intervali1800e5:peers18:${peers}6:peers636:${peers6}e`
const file = (letter: string): string =>
  `20:${letter.repeat(20)}d8:completei1e10:downloadedi0e10:incompletei2ee`
const scrape = `d5:filesd${file('a')}${file('b')}e5:flagsd20:min_request_intervali60eee`
const failure = 'd14:failure reason9:not today12:min intervali5ee'

describe("trackers' answers as a load generator reads them", () => {
  it('announces', () => {
    const answer = read(announce)
    const { kind, complete, incomplete, interval, peers: four, peers6: six, hasOddPeers } = answer
    assert.deepEqual(
      { kind, complete, incomplete, interval, four, six, hasOddPeers },
      {
        kind: AnswerKind.announce,
        complete: 5,
        incomplete: 12,
        interval: 1800,
        four: 3,
        six: 2,
        hasOddPeers: false,
      },
    )
    const input = Buffer.from(`d${announce}`, 'latin1')
    assert.equal(input.toString('latin1', answer.peersStart, answer.peersEnd), peers)
    assert.equal(input.toString('latin1', answer.peers6Start, answer.peers6End), peers6)
  })

  it('announces with peers as dictionaries', () => {
    const peer = 'd2:ip9:127.0.0.14:porti6881ee'
    const { kind, peers: count } = read(`d8:intervali60e5:peersl${peer}${peer}ee`)
    assert.deepEqual({ kind, count }, { kind: AnswerKind.announce, count: 2 })
    assert.equal(read('d5:peersli1eee').kind, AnswerKind.malformed)
  })

  it('compact peers of a length that is no number of peers', () => {
    assert.equal(read('d5:peers7:1234567e').hasOddPeers, true)
    assert.equal(read('d6:peers67:1234567e').hasOddPeers, true)
  })

  it('scrapes, and their torrents one by one', () => {
    const answer = read(scrape)
    assert.deepEqual([answer.kind, answer.files], [AnswerKind.scrape, 2])
    const input = Buffer.from(`d${scrape}`, 'latin1')
    assert.equal(String.fromCharCode(input[answer.filesStart]), 'a')
    const second = nextFile(input, answer.filesStart, input.length)
    assert.equal(String.fromCharCode(input[second]), 'b')
    assert.equal(nextFile(input, second, input.length), -1)
    assert.equal(read('d5:filesdee').kind, AnswerKind.scrape)
    assert.equal(read('d5:filesd3:abcdeee').kind, AnswerKind.malformed)
  })

  it('failures', () => {
    const { kind, failureStart, failureEnd } = read(failure)
    assert.equal(kind, AnswerKind.failure)
    assert.equal(`d${failure}`.slice(failureStart, failureEnd), 'not today')
    assert.equal(read('d14:failure reasoni1ee').kind, AnswerKind.failure)
  })

  it('dictionaries that answer neither', () => {
    assert.equal(read('de').kind, AnswerKind.other)
    assert.equal(read('d1:ai1e1:bl1:xd1:yi-5eeee').kind, AnswerKind.other)
  })

  it('may end with the end of a line, and with nothing else', () => {
    for (const [text, kind] of [
      [announce, AnswerKind.announce],
      [scrape, AnswerKind.scrape],
      [failure, AnswerKind.failure],
    ] as const) {
      assert.equal(read(`${text}\r\n`).kind, kind)
      assert.equal(read(`${text}\n`).kind, kind)
      for (const end of ['\r', '\n\n', '\r\n\r\n', ' \n', '\0']) {
        assert.equal(read(text + end).kind, AnswerKind.malformed, JSON.stringify(end))
      }
    }
    assert.equal(read('\n').kind, AnswerKind.malformed)
    assert.equal(read('\r\n').kind, AnswerKind.malformed)
  })

  it('are malformed at every other length', () => {
    for (const text of [announce, scrape, failure]) {
      for (let length = 0; length < text.length; length++) {
        assert.equal(read(text.slice(0, length)).kind, AnswerKind.malformed, `${text} at ${length}`)
      }
      assert.equal(read(`${text}e`).kind, AnswerKind.malformed)
    }
  })

  it('are malformed where they are no bencoding', () => {
    for (const text of [
      '<html>',
      'i5e',
      'le',
      'd1:ae',
      'di1ei2ee',
      'd1:ai5xee',
      'd1:aie e',
      'd1:ai-ee',
      'd-1:ai1ee',
      'd1:a9999999999:e',
      'd8:intervale',
      `d1:a${'l'.repeat(100)}${'e'.repeat(101)}`,
    ]) {
      assert.equal(read(text).kind, AnswerKind.malformed, text)
    }
  })

  it('never throw, and never point outside the input, whatever comes', () => {
    const pieces = [
      'd',
      'e',
      'l',
      'i5e',
      '5:peers',
      '6:peers6',
      '5:files',
      '8:interval',
      '14:failure reason',
      '6:abcdef',
      '20:',
      ':',
    ]
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map(parts => `d${parts.join('')}`),
      fc.tuple(fc.nat(announce.length - 1), fc.nat(255)).map(([at, byte]) => {
        return announce.slice(0, at) + String.fromCharCode(byte) + announce.slice(at + 1)
      }),
    )
    fc.assert(
      fc.property(text, bytes => {
        const { kind, peersStart, peersEnd, failureEnd } = read(bytes)
        assert.ok(Object.values(AnswerKind).includes(kind as 0))
        if (kind === AnswerKind.malformed) return
        assert.ok(peersStart <= peersEnd && Math.max(peersEnd, failureEnd) <= bytes.length + 1)
      }),
      { numRuns: 2000 },
    )
  })
})

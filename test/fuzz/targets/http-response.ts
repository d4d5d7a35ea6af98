// Answers of HTTP trackers as the load test reads them: whole and shown again with every piece that comes, with and
// without an end of the connection, then the bencoded body.

import assert from 'node:assert/strict'
import {
  decodeResponse,
  HttpResponse,
  ResponseProgress,
  ResponseStatus,
} from '../../../src/protocol/http/response-decoder.js'
import { readTrackerAnswer, TrackerAnswer } from '../../../src/protocol/http/tracker-answer.js'
import { cutsOf, type FuzzTarget, latin1, POISON_BEFORE, poisoned } from '../target.js'

const BODY_BYTES_MAX = 1000
const response = new HttpResponse()
const progress = new ResponseProgress()
const answer = new TrackerAnswer()

interface Read {
  readonly status: number
  readonly fields: string
  readonly body: string
}

/** @param lengths how much is there each time, ascending; nothing is read once the answer is whole or refused */
function read(bytes: Uint8Array, lengths: readonly number[], hasEnded: boolean, poison: number): Read {
  const input = poisoned(bytes, poison)
  progress.clear()
  let status: number = ResponseStatus.incomplete
  for (const length of lengths) {
    const isLast = length === bytes.length
    const end = POISON_BEFORE + length
    status = decodeResponse(input, POISON_BEFORE, end, isLast && hasEnded, BODY_BYTES_MAX, response, progress)
    if (status !== ResponseStatus.incomplete) break
    const isUntouched =
      Buffer.compare(input.subarray(POISON_BEFORE, POISON_BEFORE + bytes.length), bytes) === 0
    assert.ok(isUntouched, 'an incomplete answer was changed')
  }
  assert.ok(
    input.subarray(0, POISON_BEFORE).every(byte => byte === poison),
    'written before the answer',
  )
  assert.ok(
    input.subarray(POISON_BEFORE + bytes.length).every(byte => byte === poison),
    'written behind the answer',
  )
  if (status !== ResponseStatus.complete) return { status, fields: '', body: '' }
  const { bodyStart, bodyEnd, end, interim, statusCode, closes, isEncoded } = response
  assert.ok(POISON_BEFORE <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= end)
  assert.ok(end <= POISON_BEFORE + bytes.length, 'the end is beyond what came')
  assert.ok(bodyEnd - bodyStart <= BODY_BYTES_MAX, 'a body longer than allowed')
  readTrackerAnswer(input, bodyStart, bodyEnd, answer)
  return {
    status,
    fields: `${[bodyStart, bodyEnd, end, interim, statusCode, closes, isEncoded]}`,
    body: Buffer.from(input.subarray(bodyStart, bodyEnd)).toString('latin1'),
  }
}

function run(bytes: Uint8Array): string {
  const whole = read(bytes, [bytes.length], true, 0x0a)
  const open = read(bytes, [bytes.length], false, 0x0d)
  const pieces = read(bytes, [...cutsOf(bytes), bytes.length], true, 0x30)
  assert.notEqual(whole.status, ResponseStatus.incomplete, 'what has ended is not incomplete')
  assert.deepEqual(pieces, whole, 'in pieces it is another answer')
  if (open.status === ResponseStatus.incomplete) {
    // Ended, it is cut off, or a body that goes on to the end.
    const possible: number[] = [ResponseStatus.cutOff, ResponseStatus.complete]
    assert.ok(possible.includes(whole.status), `${whole.status}`)
  } else assert.deepEqual(open, whole, 'bytes behind the input count')
  return `${whole.status} ${open.status} ${response.interim > 0} ${response.closes} ${response.isEncoded} ${answer.kind}`
}

const bencoded = 'd8:completei5e10:incompletei12e8:intervali1800e5:peers6:\x7f\0\0\x01\x1a\xe1e'
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'

export const httpResponse: FuzzTarget = {
  name: 'http-response',
  seeds: [
    `${head}Content-Length: ${bencoded.length}\r\n\r\n${bencoded}`,
    `${head}Connection: close\r\n\r\n${bencoded}`,
    `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n${bencoded.slice(0, 5)}\r\n${(bencoded.length - 5).toString(16)};x=y\r\n${bencoded.slice(5)}\r\n0\r\n\r\n`,
    `HTTP/1.1 100 Continue\r\n\r\n${head}content-length: 2\n\nde`,
    'HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n',
    `${head}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: 1\r\n\r\n`,
  ].map(latin1),
  dictionary: [
    ...[
      '\r\n',
      '\n',
      '\r',
      ':',
      ' ',
      '0\r\n\r\n',
      '\r\n\r\n',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 ',
      '101',
      '304',
    ],
    ...['Content-Length: 5\r\n', 'Content-Length: 999999999999999\r\n', 'Transfer-Encoding: chunked\r\n'],
    ...['Connection: close\r\n', 'Content-Encoding: gzip\r\n', 'ffffffff\r\n', '1\r\nx\r\n', ';', 'chunked'],
  ].map(latin1),
  bytesMax: 3000,
  run,
}

// Requests to the HTTP tracker: heads, whole and in pieces, targets, queries of announces and scrapes, against the
// plain reference of the differential test, which has the reading by the book.

import assert from 'node:assert/strict'
import {
  referenceAnnounce,
  referenceHead,
  referenceScrape,
  referenceTarget,
} from '../../protocol/http/reference.js'
import {
  completeHeads,
  HeadReader,
  readAnnounceQuery,
  readScrapeQuery,
  readTarget,
  wantedHeaders,
} from '../../protocol/http/requests.js'
import { cutsOf, type FuzzTarget, latin1 } from '../target.js'

const MAX_HEAD_BYTES = 1500
const SCRAPE_LIMIT = 3
const COMPLETE = 1
const reader = new HeadReader({ maxHeadBytes: MAX_HEAD_BYTES })
const isError = (status: number): boolean => status >= 400

function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  const found = reader.read(bytes)
  const inPieces = reader.read(bytes, cutsOf(bytes))
  const expected = referenceHead(text, MAX_HEAD_BYTES, wantedHeaders)
  if (expected.status === COMPLETE) {
    assert.deepEqual(found, expected)
    assert.deepEqual(inPieces, expected)
    return compareTarget(expected.target!)
  }
  const { status } = expected
  if (status === 0 || status === 431) {
    // What is not all here may be refused before its end comes, or because it is too long already.
    assert.ok(isError(found.status) || found.status === status, `${found.status}`)
    assert.ok(isError(inPieces.status) || inPieces.status === status, `${inPieces.status}`)
  } else {
    assert.equal(found.status, status)
    assert.ok(isError(inPieces.status), `in pieces ${inPieces.status}`)
  }
  return `head ${found.status}`
}

function compareTarget(text: string): string {
  const target = referenceTarget(text)
  assert.deepEqual(readTarget(text), target)
  const announce = referenceAnnounce(target.query)
  const scrape = referenceScrape(target.query, SCRAPE_LIMIT)
  assert.deepEqual(readAnnounceQuery(target.query), announce)
  assert.deepEqual(readScrapeQuery(target.query, SCRAPE_LIMIT), scrape)
  return `${target.route} ${announce.status} ${announce.event} ${announce.leftIsZero} ${scrape.status} ${scrape.cut}`
}

export const httpRequest: FuzzTarget = {
  name: 'http-request',
  seeds: completeHeads.map(latin1),
  dictionary: [
    ...['\r', '\n', '\r\n', '\0', ' ', '\t', ':', '&', '=', '?', '%', '%2', '%zz', '%41', '+', '/', ',', ';'],
    ...['\r\n\r\n', 'HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0', 'GET ', 'HEAD', 'POST ', '\xff', '\x7f', '\x0b'],
    ...['Content-Length: 5\r\n', 'content-length:005\r\n', 'Content-Length: 99999\r\n'],
    ...['Transfer-Encoding: chunked\r\n', 'Connection: Close\r\n', 'connection: x, keep-alive ,Upgrade\n'],
    ...['X-Forwarded-For: 1.2.3.4\r\n', 'host:\r\n', ' folded\r\n', 'Name : value\r\n', ': no name\r\n'],
    ...['&left=0', '&left=', '&port=70000', '&port=', '&numwant=-1', '&numwant=99999999999', '&compact=0'],
    ...['&event=paused', '&event=stopped', '&no_peer_id=0', '&info_hash=', '&peer_id=', '?port=9'],
    ...['&info_hash=bbbbbbbbbbbbbbbbbbbb', '/announce', '/scrape.php', '/KEY/', '//', 'http://h', '/health'],
  ].map(latin1),
  bytesMax: 3000,
  run,
}

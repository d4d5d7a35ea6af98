// The codec against a plain reference parser, over mutated requests of real clients.
// AQUATIC_FUZZ_ITERATIONS sets how many (20000 without it, about two seconds), AQUATIC_FUZZ_SEED which.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { referenceAnnounce, referenceHead, referenceScrape, referenceTarget } from './reference.js'
import {
  completeHeads,
  HeadReader,
  latin1,
  readAnnounceQuery,
  readScrapeQuery,
  readTarget,
  wantedHeaders,
} from './requests.js'

const iterations = Number(process.env['AQUATIC_FUZZ_ITERATIONS'] ?? 20_000)
const seed = Number(process.env['AQUATIC_FUZZ_SEED'] ?? Date.now() % 1e9)
const MAX_HEAD_BYTES = 1500
const SCRAPE_LIMIT = 3

/** mulberry32 */
function randomNumbers(state: number): (below: number) => number {
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) % below
  }
}

const random = randomNumbers(seed)
const pick = <T>(items: readonly T[]): T => items[random(items.length)]!

const pieces = [
  ...['\r', '\n', '\r\n', '\0', ' ', '\t', ':', '&', '=', '?', '%', '%2', '%zz', '%41', '+', '/', ',', ';'],
  ...['\r\n\r\n', 'HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0', 'GET ', 'HEAD', 'POST ', '\xff', '\x7f', '\x0b'],
  ...[
    'Content-Length: 5\r\n',
    'content-length:005\r\n',
    'Content-Length: 6\r\n',
    'Content-Length: 99999\r\n',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Connection: Close\r\n', 'connection: x, keep-alive ,Upgrade\n'],
  ...['X-Forwarded-For: 1.2.3.4\r\n', 'host:\r\n', ' folded\r\n', 'Name : value\r\n', ': no name\r\n'],
  ...[
    '&left=0',
    '&left',
    '&left=',
    '&port=70000',
    '&port=',
    '&port=0',
    '&numwant=-1',
    '&numwant=99999999999',
  ],
  ...[
    '&event=paused',
    '&event=stopped',
    '&event=',
    '&compact=0',
    '&no_peer_id=0',
    '&info_hash=',
    '&peer_id=',
  ],
  ...['&info_hash=bbbbbbbbbbbbbbbbbbbb', '?port=9', '/announce', '/scrape.php', '/KEY/', '//', 'http://h'],
  ...['/stats', '/health', '/robots.txt', '/metrics', 'announce', 'scrape', '://'],
]

function mutate(text: string): string {
  const at = random(text.length + 1)
  const length = random(4) === 0 ? random(200) : random(4)
  switch (random(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length)
    case 1:
      return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
    case 3: {
      const other = pick(completeHeads)
      return text.slice(0, at) + other.slice(random(other.length))
    }
    case 4: {
      const line = text.lastIndexOf('\n', at) + 1
      return text.slice(0, line) + pick(pieces) + text.slice(line)
    }
    default:
      return text.slice(0, at) + pick(pieces) + text.slice(at)
  }
}

function cutsOf(length: number): number[] {
  return Array.from({ length: random(5) }, () => random(length + 1)).sort((a, b) => a - b)
}

const reader = new HeadReader({ maxHeadBytes: MAX_HEAD_BYTES })
const isError = (status: number): boolean => status >= 400

function compareHead(text: string): string | undefined {
  const bytes = latin1(text)
  const found = reader.read(bytes)
  const inPieces = reader.read(bytes, cutsOf(bytes.length))
  const expected = referenceHead(text, MAX_HEAD_BYTES, wantedHeaders)
  if (expected.status === 1) {
    assert.deepEqual(found, expected)
    assert.deepEqual(inPieces, expected)
    return expected.target
  }
  const { status } = expected
  if (status === 0 || status === 431) {
    // What is not all here may be refused before its end comes, or because it is too long already.
    assert.ok(isError(found.status) || found.status === status, `${found.status}`)
    assert.ok(isError(inPieces.status) || inPieces.status === status, `${inPieces.status}`)
    // Whatever would follow, it could not have become right.
    if (status === 0 && isError(found.status) && bytes.length < MAX_HEAD_BYTES - 4) {
      assert.ok(isError(referenceHead(`${text}\r\n\r\n`, MAX_HEAD_BYTES, wantedHeaders).status))
    }
    return undefined
  }
  assert.equal(found.status, status)
  assert.ok(isError(inPieces.status), `in pieces ${inPieces.status}`)
  return undefined
}

function compareTarget(targetText: string): void {
  const target = referenceTarget(targetText)
  assert.deepEqual(readTarget(targetText), target)
  assert.deepEqual(readAnnounceQuery(target.query), referenceAnnounce(target.query))
  assert.deepEqual(readScrapeQuery(target.query, SCRAPE_LIMIT), referenceScrape(target.query, SCRAPE_LIMIT))
}

test(`${iterations} mutated requests are read as the plain reference reads them`, () => {
  const statuses = new Map<number, number>()
  for (let index = 0; index < iterations; index++) {
    let text = pick(completeHeads)
    for (let left = random(5); left > 0; left--) text = mutate(text)
    try {
      const targetText = compareHead(text)
      if (targetText !== undefined) compareTarget(targetText)
      const status =
        targetText === undefined ? 0 : readAnnounceQuery(referenceTarget(targetText).query).status
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    } catch (error) {
      throw new Error(`seed ${seed}, iteration ${index}, request ${JSON.stringify(text)}`, { cause: error })
    }
  }
  // Not all was refused, and queries of every kind came by.
  if (iterations >= 20_000) for (let status = 0; status <= 5; status++) assert.ok(statuses.get(status)! > 0)
})

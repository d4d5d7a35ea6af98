// Takes an HTTP answer apart, independently of src, and checks what all answers have in common.

import assert from 'node:assert/strict'
import { type BencodeDictionary, decodeBencode } from '../../support/bencode.js'

export interface Answer {
  status: string
  headers: Record<string, string>
  body: Buffer
}

/** @param isHead the answer belongs to HEAD: it has a length but no body */
export function parseAnswer(bytes: Uint8Array, isHead = false): Answer {
  const all = Buffer.from(bytes)
  const headEnd = all.indexOf('\r\n\r\n')
  assert.ok(headEnd > 0, 'no end of the head')
  const [statusLine, ...lines] = all.toString('latin1', 0, headEnd).split('\r\n')
  const match = /^HTTP\/1\.1 (\d{3} [ -~]+)$/.exec(statusLine!)
  assert.ok(match !== null, statusLine)
  const headers = Object.fromEntries(
    lines.map(line => {
      const parts = /^([A-Za-z-]+): (\S.*)$/.exec(line)
      assert.ok(parts !== null, line)
      return [parts[1]!.toLowerCase(), parts[2]!]
    }),
  )
  const body = all.subarray(headEnd + 4)
  if (isHead) assert.equal(body.length, 0)
  else assert.equal(headers['content-length'], String(body.length))
  return { status: match[1]!, headers, body }
}

/** An answer that announces and scrapes get: 200, plain text, a dictionary. */
export function parseBencoded(bytes: Uint8Array): BencodeDictionary {
  const { status, headers, body } = parseAnswer(bytes)
  assert.equal(status, '200 OK')
  assert.equal(headers['content-type'], 'text/plain')
  return decodeBencode(body) as BencodeDictionary
}

/** Writes an answer at an odd place of a larger array, and checks that nothing else is touched. */
export function writeAnswer(
  encode: (out: Uint8Array, at: number, limit: number) => number,
  limitBytes = 20_000,
): Uint8Array | undefined {
  const at = 13
  const out = new Uint8Array(at + limitBytes + 50).fill(0xa5)
  const end = encode(out, at, at + limitBytes)
  const isUntouched = (from: number, to: number): boolean =>
    out.subarray(from, to).every(byte => byte === 0xa5)
  assert.ok(isUntouched(0, at), 'bytes before the answer')
  if (end < 0) {
    assert.ok(isUntouched(at, out.length), 'bytes of an answer without room')
    return undefined
  }
  assert.ok(end <= at + limitBytes && isUntouched(end, out.length), 'bytes behind the answer')
  return out.slice(at, end)
}

// Session descriptions (RFC 8866, RFC 8841) as browsers make them for a data channel, for load that weighs what real
// load weighs: 1.2 KB for an offer with its candidates. Each has room for a stamp of the load test's own.
//
// The stamp is the first of `a=ice-pwd:` (RFC 8839 section 5.4: 22 to 256 letters and digits), 32 hexadecimal digits.

import { hexValues, latin1Bytes } from '../http/ascii.js'
import { copyBytes } from './word-view.js'

/** Words in a stamp. */
export const STAMP_WORDS = 4
const STAMP_DIGITS = STAMP_WORDS * 8

const candidates = [
  'a=candidate:1467250027 1 udp 2122260223 6f2c1b58-93c8-4c0e-b0a7-5d1f7a0c2e94.local 46243 typ host ' +
    'generation 0 network-id 1 network-cost 10',
  'a=candidate:4185144351 1 udp 2122194687 2001:db8:4f3a:9c21:7d5e:11ff:fe09:8a6b 39012 typ host ' +
    'generation 0 network-id 2 network-cost 10',
  'a=candidate:842163049 1 udp 1686052607 203.0.113.147 46243 typ srflx raddr 0.0.0.0 rport 0 ' +
    'generation 0 network-id 1 network-cost 10',
  'a=candidate:233762139 1 tcp 1518280447 6f2c1b58-93c8-4c0e-b0a7-5d1f7a0c2e94.local 9 typ host ' +
    'tcptype active generation 0 network-id 1 network-cost 10',
]

const FINGERPRINT =
  'A1:5F:08:C4:3E:77:D9:12:6B:E0:94:2D:58:FA:C3:71:0E:B6:89:4C:25:F7:9A:D1:43:68:BE:07:5C:E9:32:84'

function description(setup: 'actpass' | 'active', candidateCount: number): string {
  const lines = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-ufrag:Xq3v',
    `a=ice-pwd:${'0'.repeat(STAMP_DIGITS)}`,
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
    'm=application 46243 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 203.0.113.147',
    ...candidates.slice(0, candidateCount),
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    `a=setup:${setup}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ]
  return lines.map(line => `${line}\r\n`).join('')
}

/** An offer with its candidates, as JSON. */
export const offerJson: Uint8Array = latin1Bytes(
  JSON.stringify({ type: 'offer', sdp: description('actpass', candidates.length) }),
)

/** An answer, which names the one pair that is tried first, as JSON; its stamp is zeros. */
const answerJson: Uint8Array = latin1Bytes(JSON.stringify({ type: 'answer', sdp: description('active', 1) }))
export const ANSWER_JSON_BYTES = answerJson.length

const PASSWORD = latin1Bytes('a=ice-pwd:')
const PASSWORD_AT = Buffer.from(answerJson).indexOf(PASSWORD)
const STAMP_AT = PASSWORD_AT + PASSWORD.length
/** The same, from the first byte of the description's text. */
const PASSWORD_IN_TEXT = PASSWORD_AT - Buffer.from(answerJson).indexOf('v=0')

// Own names for what is imported: an imported one is loaded anew at every use (benchmarks/ws/codec.ts).
const hex = hexValues
const digits = latin1Bytes('0123456789abcdef')

/** Writes an answer, as JSON, with the first four of `stamp` in it. @returns its end */
export function writeAnswerDescription(out: Uint8Array, at: number, stamp: Int32Array): number {
  const end = copyBytes(out, at, answerJson, 0, answerJson.length)
  let place = at + STAMP_AT
  for (let index = 0; index < STAMP_WORDS; index++) {
    const word = stamp[index]
    for (let shift = 28; shift >= 0; shift -= 4) out[place++] = digits[(word >>> shift) & 15]
  }
  return end
}

/**
 * Reads the stamp of a description whose text, as it stands in JSON, is input[start, end).
 * @returns false if there is none where ours is
 */
export function readAnswerStamp(input: Uint8Array, start: number, end: number, stamp: Int32Array): boolean {
  let at = start + PASSWORD_IN_TEXT
  if (at + PASSWORD.length + STAMP_DIGITS > end) return false
  for (let index = 0; index < PASSWORD.length; index++) if (input[at++] !== PASSWORD[index]) return false
  for (let index = 0; index < STAMP_WORDS; index++) {
    let word = 0
    for (let digit = 0; digit < 8; digit++) {
      const value = hex[input[at++]]
      if (value < 0) return false
      word = (word << 4) | value
    }
    stamp[index] = word
  }
  return true
}

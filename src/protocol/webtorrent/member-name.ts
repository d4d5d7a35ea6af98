// The words of the protocol: the names of members, and the values of two of them. They are compared with their closing
// quotes, so that one pass both finds a word and its end.

import { latin1Bytes } from '../http/ascii.js'
import { JsonByte } from './json-scanner.js'

export const enum MemberName {
  /** Any other: passed over. */
  unknown = 0,
  action = 1,
  infoHash = 2,
  peerId = 3,
  left = 4,
  event = 5,
  numwant = 6,
  offers = 7,
  offer = 8,
  answer = 9,
  toPeerId = 10,
  offerId = 11,
}

const quoted = (text: string): Uint8Array => latin1Bytes(`${text}"`)

const ACTION = quoted('action')
const INFO_HASH = quoted('info_hash')
const PEER_ID = quoted('peer_id')
const LEFT = quoted('left')
const EVENT = quoted('event')
const NUMWANT = quoted('numwant')
const OFFERS = quoted('offers')
const OFFER = quoted('offer')
const ANSWER = quoted('answer')
const TO_PEER_ID = quoted('to_peer_id')
const OFFER_ID = quoted('offer_id')

/** In the order of `MemberName`. */
const names: readonly Uint8Array[] = [
  new Uint8Array(0),
  ...[ACTION, INFO_HASH, PEER_ID, LEFT, EVENT, NUMWANT, OFFERS, OFFER, ANSWER, TO_PEER_ID, OFFER_ID],
]

/** Length of each name with its closing quote. */
export const memberNameBytes = Uint8Array.from(names, name => name.length)

/** In the order of `MessageAction`, from 1 on. */
export const actionWords: readonly Uint8Array[] = ['announce', 'scrape'].map(quoted)
/** In the order of `MessageEvent`, from 1 on. */
export const eventWords: readonly Uint8Array[] = ['completed', 'started', 'stopped'].map(quoted)

/** Of all words, with their closing quotes. */
export const WORD_BYTES_MAX = Math.max(
  ...[...names, ...actionWords, ...eventWords].map(({ length }) => length),
)

/** Letters in which names differ. */
const enum Letter {
  a = 0x61,
  c = 0x63,
  e = 0x65,
  i = 0x69,
  l = 0x6c,
  n = 0x6e,
  o = 0x6f,
  p = 0x70,
  s = 0x73,
  t = 0x74,
}

/** @returns the `MemberName` that is at `at` without escapes and ends before `end`, quote included */
export function memberNameAt(input: Uint8Array, at: number, end: number): number {
  const name = at + 5 < end ? likelyName(input, at) : MemberName.left
  return startsWith(input, at, end, names[name]) ? name : MemberName.unknown
}

/** The only name, of five letters and more or `left`, that has these letters. */
function likelyName(input: Uint8Array, at: number): number {
  switch (input[at]) {
    case Letter.a:
      return input[at + 1] === Letter.c ? MemberName.action : MemberName.answer
    case Letter.e:
      return MemberName.event
    case Letter.i:
      return MemberName.infoHash
    case Letter.l:
      return MemberName.left
    case Letter.n:
      return MemberName.numwant
    case Letter.o:
      if (input[at + 5] === JsonByte.quote) return MemberName.offer
      return input[at + 5] === Letter.s ? MemberName.offers : MemberName.offerId
    case Letter.p:
      return MemberName.peerId
    case Letter.t:
      return MemberName.toPeerId
    default:
      return MemberName.unknown
  }
}

/** @returns the number of the first of `words` that is at `at` and ends before `end`, -1 if none is */
export function findWord(input: Uint8Array, at: number, end: number, words: readonly Uint8Array[]): number {
  for (let index = 0; index < words.length; index++) {
    if (startsWith(input, at, end, words[index])) return index
  }
  return -1
}

/** The empty word of `MemberName.unknown` is there too. */
function startsWith(input: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  const length = word.length
  if (at + length > end) return false
  for (let index = 0; index < length; index++) {
    if (input[at + index] !== word[index]) return false
  }
  return true
}

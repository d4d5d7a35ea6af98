// The members that messages and offers have, told apart by their names.

import { isWord, latin1Bytes } from '../http/ascii.js'

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

const ACTION = latin1Bytes('action')
const INFO_HASH = latin1Bytes('info_hash')
const PEER_ID = latin1Bytes('peer_id')
const LEFT = latin1Bytes('left')
const EVENT = latin1Bytes('event')
const NUMWANT = latin1Bytes('numwant')
const OFFERS = latin1Bytes('offers')
const OFFER = latin1Bytes('offer')
const ANSWER = latin1Bytes('answer')
const TO_PEER_ID = latin1Bytes('to_peer_id')
const OFFER_ID = latin1Bytes('offer_id')

/** Longer names are unknown. */
export const MEMBER_NAME_BYTES_MAX = TO_PEER_ID.length

/** @returns the `MemberName` whose decoded name is input[start, end) */
export function memberNameOf(input: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 4:
      return isWord(input, start, end, LEFT) ? MemberName.left : MemberName.unknown
    case 5:
      if (isWord(input, start, end, OFFER)) return MemberName.offer
      return isWord(input, start, end, EVENT) ? MemberName.event : MemberName.unknown
    case 6:
      if (isWord(input, start, end, ACTION)) return MemberName.action
      if (isWord(input, start, end, OFFERS)) return MemberName.offers
      return isWord(input, start, end, ANSWER) ? MemberName.answer : MemberName.unknown
    case 7:
      if (isWord(input, start, end, PEER_ID)) return MemberName.peerId
      return isWord(input, start, end, NUMWANT) ? MemberName.numwant : MemberName.unknown
    case 8:
      return isWord(input, start, end, OFFER_ID) ? MemberName.offerId : MemberName.unknown
    case 9:
      return isWord(input, start, end, INFO_HASH) ? MemberName.infoHash : MemberName.unknown
    case 10:
      return isWord(input, start, end, TO_PEER_ID) ? MemberName.toPeerId : MemberName.unknown
    default:
      return MemberName.unknown
  }
}

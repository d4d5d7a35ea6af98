// Messages of WebTorrent trackers as the load test reads them: against JSON.parse, where no name comes twice or has
// escapes.

import assert from 'node:assert/strict'
import {
  TrackerMessage,
  TrackerMessageKind,
  TrackerMessageReader,
} from '../../../src/protocol/webtorrent/client-message.js'
import { MessageAction } from '../../../src/protocol/webtorrent/request.js'
import { infoHash, offerIdOf, otherPeerId, peerId, sdp } from '../../protocol/webtorrent/messages.js'
import { type FuzzTarget, POISON_BEFORE, poisoned, utf8 } from '../target.js'

const SCRAPE_TORRENTS = 3
/** Deeper ones are malformed for the reader, some of them for what JSON they are in. */
const DEPTH_SURE = 15
const reader = new TrackerMessageReader()
const message = new TrackerMessage(SCRAPE_TORRENTS)

type Json = Readonly<Record<string, unknown>>

function read(bytes: Uint8Array, poison: number): [kind: number, fields: Json] {
  const input = poisoned(bytes, poison)
  const [start, end] = [POISON_BEFORE, POISON_BEFORE + bytes.length]
  const kind = reader.read(input, start, end, message)
  if (kind === TrackerMessageKind.malformed) return [kind, {}]
  const textOf = (from: number, to: number): unknown => {
    if (to === 0) return undefined
    assert.ok(start < from && from <= to && to < end, 'a text outside of the message')
    return JSON.parse(`"${Buffer.from(input.subarray(from, to)).toString()}"`)
  }
  const idOf = (isThere: boolean, from: Uint8Array, at = 0): string | undefined =>
    isThere ? Buffer.from(from.slice(at, at + 20)).toString('latin1') : undefined
  const kept = Math.min(message.files, SCRAPE_TORRENTS)
  return [
    kind,
    {
      action: message.action,
      ids: [
        idOf(message.hasInfoHash, message.infoHash),
        idOf(message.hasPeerId, message.peerId),
        idOf(message.hasOfferId, message.offerId),
      ],
      counts: [message.complete, message.incomplete, message.interval],
      sdp: textOf(message.sdpStart, message.sdpEnd),
      failure: textOf(message.failureStart, message.failureEnd),
      files: Array.from({ length: kept }, (_, index) => [
        idOf(true, message.fileHashes, index * 20),
        message.fileComplete[index],
        message.fileIncomplete[index],
      ]),
      filesInvalid: message.filesInvalid,
    },
  ]
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An identifier: 20 characters, each one byte. */
const idIn = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\0-\xff]{20}$/.test(value) ? value : undefined

const numberIn = (value: unknown): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0) ? (value as number) : -1

/** What the message is, by its parsed members. */
function expected(json: Json): [kind: number, fields: Json] {
  const { offer, answer, files, action } = json
  const isThere = (value: unknown): boolean => value !== undefined && value !== null
  const failure = json['failure reason']
  const entries = isObject(files)
    ? Object.entries(files).map(([name, file]) => [
        idIn(name),
        numberIn(isObject(file) ? file['complete'] : undefined),
        numberIn(isObject(file) ? file['incomplete'] : undefined),
      ])
    : []
  const valid = entries.filter(
    ([id, ...counts]) => id !== undefined && counts.every(count => Number(count) >= 0),
  )
  const ids = [idIn(json['info_hash']), idIn(json['peer_id']), idIn(json['offer_id'])]
  const counts = [numberIn(json['complete']), numberIn(json['incomplete']), numberIn(json['interval'])]
  const actions = new Map<unknown, number>([
    ['announce', MessageAction.announce],
    ['scrape', MessageAction.scrape],
  ])
  const fields = {
    action: actions.get(action) ?? MessageAction.unknown,
    ids,
    counts,
    failure: typeof failure === 'string' ? failure : undefined,
    files: valid.slice(0, SCRAPE_TORRENTS),
    filesInvalid: entries.length - valid.length,
  }
  if (typeof failure === 'string') return [TrackerMessageKind.failure, fields]
  if (isObject(files)) return [TrackerMessageKind.scrapeResponse, fields]
  if (isThere(offer) || isThere(answer)) {
    if (ids[1] === undefined || ids[2] === undefined) return [TrackerMessageKind.malformed, {}]
    return [isThere(offer) ? TrackerMessageKind.offer : TrackerMessageKind.answer, fields]
  }
  const hasCounts = counts.some(count => count >= 0) && ids[0] !== undefined
  return hasCounts ? [TrackerMessageKind.announceResponse, fields] : [TrackerMessageKind.malformed, {}]
}

/** Members in all objects, and how deep they are in each other. */
function shapeOf(value: unknown): { members: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { members: 0, depth: 0 }
  const inner = Object.values(value).map(shapeOf)
  const own = Array.isArray(value) ? 0 : inner.length
  return {
    members: own + inner.reduce((sum, { members }) => sum + members, 0),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
  }
}

/** The text is JSON. Names that come twice, that are escaped, or numbers that are written otherwise than in digits. */
function isPeculiar(text: string, members: number): boolean {
  const strings = text.match(/"(?:[^"\\]|\\.)*"(?:\s*:)?/g) ?? []
  const names = strings.filter(string => string.endsWith(':'))
  // Session descriptions have addresses, which are no numbers.
  const numbers = text.replace(/"(?:[^"\\]|\\.)*"/g, '')
  return names.length !== members || names.some(name => name.includes('\\')) || /\d[.eE]/.test(numbers)
}

/** Only whole texts: half a character is no JSON for JSON.parse alone. */
function parse(bytes: Uint8Array): Json | undefined {
  const text = Buffer.from(bytes).toString()
  if (!Buffer.from(text).equals(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  const isText = Buffer.from(text).equals(bytes)
  const [kind, fields] = isText ? read(bytes, 0x22) : [reader.read(bytes, 0, bytes.length, message), {}]
  if (!isText) return `no text ${kind}`
  assert.deepEqual(read(bytes, 0x7d), [kind, fields], 'bytes behind the input count')
  const json = parse(bytes)
  if (json === undefined) {
    assert.equal(kind, TrackerMessageKind.malformed, 'what is no object of JSON was read')
    return `${kind}`
  }
  const { members, depth } = shapeOf(json)
  if (depth > DEPTH_SURE || isPeculiar(text, members)) return `peculiar ${kind}`
  const [expectedKind, expectedFields] = expected(json)
  const { sdp: found, ...others } = fields
  assert.deepEqual([kind, others], [expectedKind, expectedFields])
  if (found !== undefined) {
    const offered = [json['offer'], json['answer']].map(value => (isObject(value) ? value['sdp'] : undefined))
    assert.ok(offered.includes(found), 'another description')
  }
  const { complete, incomplete, interval, hasInfoHash, hasPeerId, hasOfferId, files, filesInvalid } = message
  const seen = [
    hasInfoHash,
    hasPeerId,
    hasOfferId,
    complete >= 0,
    incomplete >= 0,
    interval >= 0,
    found !== undefined,
  ]
  return `${kind} ${seen.map(Number).join('')} ${Math.min(files, 5)} ${filesInvalid > 0} ${Math.min(members, 20)}`
}

const ids = { info_hash: infoHash, peer_id: peerId, offer_id: offerIdOf(1) }
const messages = [
  { action: 'announce', interval: 120, info_hash: infoHash, complete: 3, incomplete: 4 },
  { action: 'announce', offer: { type: 'offer', sdp }, ...ids },
  { action: 'announce', answer: { sdp, type: 'answer' }, ...ids },
  { action: 'announce', 'failure reason': 'no "room"', info_hash: infoHash },
  {
    action: 'scrape',
    files: { [infoHash]: { complete: 1, incomplete: 2, downloaded: 3 }, [otherPeerId]: { complete: 4 } },
    flags: { min_request_interval: 120 },
  },
]

export const webtorrentAnswer: FuzzTarget = {
  name: 'webtorrent-answer',
  seeds: messages.flatMap(value => [JSON.stringify(value), JSON.stringify(value, null, '\t')]).map(utf8),
  dictionary: [
    ...[
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ' ',
      '\0',
      '\ufeff',
      '-',
      'null',
      'true',
      '{}',
      '[]',
      '0',
      '1e5',
    ],
    ...['\\u00e9', '\\ud83d', '\\n', 'é', '😀', '01', '9007199254740992', '"failure reason":"x",'],
    ...['"complete":1,', '"interval":-0,', '"offer":null,', '"answer":{},', '"files":{},', '"sdp":"v=0",'],
    ...[
      JSON.stringify(infoHash),
      '"peer_id":7,',
      '"x":[[[[[[[]]]]]]],',
      '"action":"scrape",',
      '"offer":{"sdp":1},',
    ],
  ].map(utf8),
  bytesMax: 2000,
  run,
}

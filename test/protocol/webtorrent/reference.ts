// The decoder's slow twin: JSON.parse says what is JSON and what strings mean, a recursive walk says where values lie.

import { MessageAction, type MessageLimits, MessageStatus } from '../../../src/protocol/webtorrent/request.js'
import { nothingFound, type PlainMessage } from './messages.js'

interface Value {
  /** The text of the value. */
  readonly json: string
  /** Arrays and objects in each other, the value itself included. */
  readonly depth: number
  readonly elements?: readonly Value[]
  readonly members?: ReadonlyMap<string, Value>
}

/** Reads a text that is JSON. */
class Walk {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Value {
    this.#take(/[ \t\r\n]*/y)
    const start = this.#at
    const first = this.#text[start]
    if (first === '{') return this.#object(start)
    if (first === '[') return this.#array(start)
    this.#take(first === '"' ? /"(?:[^"\\]|\\.)*"/y : /[-+.0-9a-zA-Z]+/y)
    return { json: this.#text.slice(start, this.#at), depth: 0 }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #object(start: number): Value {
    const members = new Map<string, Value>()
    let depth = 0
    this.#take(/\{[ \t\r\n]*/y)
    while (this.#take(/\}/y) === '') {
      const name = JSON.parse(this.#take(/"(?:[^"\\]|\\.)*"/y)) as string
      this.#take(/[ \t\r\n]*:/y)
      const value = this.value()
      members.set(name, value)
      depth = Math.max(depth, value.depth)
      this.#take(/[ \t\r\n]*,?[ \t\r\n]*/y)
    }
    return { json: this.#text.slice(start, this.#at), depth: depth + 1, members }
  }

  #array(start: number): Value {
    const elements: Value[] = []
    let depth = 0
    this.#take(/\[[ \t\r\n]*/y)
    while (this.#take(/\]/y) === '') {
      const value = this.value()
      elements.push(value)
      depth = Math.max(depth, value.depth)
      this.#take(/[ \t\r\n]*,?[ \t\r\n]*/y)
    }
    return { json: this.#text.slice(start, this.#at), depth: depth + 1, elements }
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** @param text that is JSON */
export const depthOf = (text: string): number => new Walk(text).value().depth

const isNothing = (value: Value | undefined): boolean => value === undefined || value.json === 'null'

function stringOf(value: Value | undefined): string | null {
  return value?.json.startsWith('"') ? (JSON.parse(value.json) as string) : null
}

function identifierOf(value: Value | undefined): string | null {
  const text = stringOf(value)
  return text !== null && text.length === 20 && Buffer.from(text, 'latin1').toString('latin1') === text
    ? text
    : null
}

function eventOf(value: Value | undefined): number {
  return Math.max(0, ['', 'completed', 'started', 'stopped'].indexOf(stringOf(value) ?? ''))
}

function numwantOf(value: Value | undefined): number {
  const { json } = value ?? { json: '' }
  return /^\d+(\.0+)?$/.test(json) ? Math.min(65_535, Number(json)) : -1
}

function readOffers(value: Value | undefined, limits: MessageLimits): Partial<PlainMessage> {
  const offers: [string, string][] = []
  const elements = value?.elements ?? []
  for (const { members } of elements) {
    const id = identifierOf(members?.get('offer_id'))
    const json = members?.get('offer')?.json
    if (id !== null && json !== undefined && Buffer.byteLength(json) <= limits.maxOfferBytes) {
      offers.push([json, id])
    }
  }
  const kept = offers.slice(0, limits.maxOffers)
  return {
    offers: kept,
    offersDropped: elements.length - offers.length,
    offersOmitted: offers.length - kept.length,
  }
}

function readAnswer(value: Value | undefined, limits: MessageLimits): Partial<PlainMessage> {
  if (value === undefined || isNothing(value)) return {}
  const isAnswerDropped = Buffer.byteLength(value.json) > limits.maxOfferBytes
  return { answer: isAnswerDropped ? null : value.json, isAnswerDropped }
}

function announceStatus(members: ReadonlyMap<string, Value>): number {
  const infoHash = members.get('info_hash')
  const peerId = members.get('peer_id')
  if (isNothing(infoHash)) return MessageStatus.missingInfoHash
  if (identifierOf(infoHash) === null) return MessageStatus.invalidInfoHash
  if (isNothing(peerId)) return MessageStatus.missingPeerId
  if (identifierOf(peerId) === null) return MessageStatus.invalidPeerId
  const event = members.get('event')
  if (!isNothing(event) && stringOf(event) === null) return MessageStatus.invalidEvent
  const offers = members.get('offers')
  return isNothing(offers) || offers?.elements ? MessageStatus.announce : MessageStatus.invalidOffers
}

function readScrape(infoHash: Value | undefined, limits: MessageLimits): Partial<PlainMessage> {
  const status = MessageStatus.scrape
  if (isNothing(infoHash)) return { status, isFullScrape: true }
  const hashes = (infoHash?.elements ?? [infoHash]).map(identifierOf)
  if (hashes.includes(null)) return { status: MessageStatus.invalidInfoHash }
  const scrape = hashes.map(hash => hash ?? '').slice(0, limits.maxScrapeTorrents)
  return { status, scrape, scrapeOmitted: hashes.length - scrape.length }
}

/** @returns what the message says; its status alone if it is no object of allowed depth */
export function referenceMessage(text: string, limits: MessageLimits): PlainMessage {
  if (!isJson(text)) return { ...nothingFound, status: MessageStatus.notJson }
  const { depth, members } = new Walk(text).value()
  if (depth > limits.maxDepth) return { ...nothingFound, status: MessageStatus.tooDeep }
  if (members === undefined) return { ...nothingFound, status: MessageStatus.notObject }
  const actionText = stringOf(members.get('action'))
  const found: PlainMessage = {
    ...nothingFound,
    infoHash: identifierOf(members.get('info_hash')),
    peerId: identifierOf(members.get('peer_id')),
    event: eventOf(members.get('event')),
    isSeeder: /^-?0(\.0+)?([eE][-+]?\d+)?$/.test(members.get('left')?.json ?? ''),
    numwant: numwantOf(members.get('numwant')),
    toPeerId: identifierOf(members.get('to_peer_id')),
    offerId: identifierOf(members.get('offer_id')),
    ...readOffers(members.get('offers'), limits),
    ...readAnswer(members.get('answer'), limits),
  }
  if (isNothing(members.get('action'))) return found
  if (actionText === 'announce') {
    return { ...found, action: MessageAction.announce, status: announceStatus(members) }
  }
  if (actionText !== 'scrape') return { ...found, status: MessageStatus.unknownAction }
  return { ...found, action: MessageAction.scrape, ...readScrape(members.get('info_hash'), limits) }
}

// Announces and scrapes as clients write them into a URL, and their answers read by the strict bencode reader.

import assert from 'node:assert/strict'
import { type BencodeDictionary, type BencodeValue, decodeBencode } from './bencode.js'
import { type ConnectionOptions, exchange, type HttpAnswer, type HttpPlace } from './http-connection.js'

/** Every byte escaped. */
export function escaped(bytes: Uint8Array): string {
  return [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

export type Query = Readonly<Record<string, string | number>>

/** `/announce?info_hash=…&peer_id=…&port=…` and what the query adds or replaces. */
export function announceTarget(infoHash: Uint8Array, query: Query = {}): string {
  const fields = {
    info_hash: escaped(infoHash),
    peer_id: '-XX0000-abcdefghijkl',
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 1,
    ...query,
  }
  return `/announce?${Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join('&')}`
}

export function scrapeTarget(...infoHashes: readonly Uint8Array[]): string {
  return `/scrape?${infoHashes.map(hash => `info_hash=${escaped(hash)}`).join('&')}`
}

export interface AnnounceReply {
  readonly interval: number
  readonly minInterval: BencodeValue | undefined
  readonly complete: number
  readonly incomplete: number
  readonly downloaded: BencodeValue | undefined
  /** `127.0.0.1:6881` */
  readonly peers: readonly string[]
  /** `00…01:6881`: the address as 32 hexadecimal digits. */
  readonly peers6: readonly string[]
  readonly externalIp: string
}

/** The dictionary of an answer of status 200. */
export function dictionaryOf(answer: HttpAnswer): BencodeDictionary {
  assert.equal(answer.status, 200)
  const value = decodeBencode(answer.body)
  assert.ok(typeof value === 'object' && !Array.isArray(value))
  return value
}

/** A compact answer to an announce; a failure fails the test with its reason. */
export function announceReplyOf(answer: HttpAnswer): AnnounceReply {
  const fields = dictionaryOf(answer)
  assert.equal(fields['failure reason'], undefined)
  const { interval, complete, incomplete, downloaded, peers, peers6 } = fields
  const minInterval = fields['min interval']
  assert.ok(typeof interval === 'number' && typeof complete === 'number' && typeof incomplete === 'number')
  assert.ok(typeof peers === 'string' && typeof peers6 === 'string')
  const externalIp = Buffer.from(String(fields['external ip']), 'latin1').toString('hex')
  return {
    interval,
    minInterval,
    complete,
    incomplete,
    downloaded,
    peers: compactPeers(peers, 6),
    peers6: compactPeers(peers6, 18),
    externalIp,
  }
}

/** What a failure says, keys and all. */
export function failureOf(answer: HttpAnswer): BencodeDictionary {
  const fields = dictionaryOf(answer)
  assert.ok(typeof fields['failure reason'] === 'string', `no failure: ${Object.keys(fields)}`)
  return fields
}

/** Counts of each torrent of a scrape's answer, by the hexadecimal hash, as `[complete, incomplete, downloaded]`. */
export function scrapeReplyOf(answer: HttpAnswer): Record<string, readonly BencodeValue[]> {
  const { files } = dictionaryOf(answer)
  return Object.fromEntries(
    Object.entries(files as BencodeDictionary).map(([hash, file]) => {
      const { complete, incomplete, downloaded } = file as BencodeDictionary
      return [Buffer.from(hash, 'latin1').toString('hex'), [complete, incomplete, downloaded]]
    }),
  )
}

/** The head of a GET that asks for the connection to be closed, as most clients write it. */
export function getRequest(target: string, ...headers: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: tracker', 'Connection: close', ...headers, '', ''].join('\r\n')
}

/** A client of one place. */
export interface HttpClient {
  request(bytes: string | Uint8Array, from?: string): Promise<HttpAnswer>
  announce(infoHash: Uint8Array, query?: Query, from?: string): Promise<AnnounceReply>
  /** `[complete, incomplete, downloaded]` */
  counts(infoHash: Uint8Array): Promise<readonly BencodeValue[]>
}

export function httpClient(place: HttpPlace, options: ConnectionOptions = {}): HttpClient {
  const request = (bytes: string | Uint8Array, from = options.from): Promise<HttpAnswer> =>
    exchange(place, bytes, { ...options, ...(from === undefined ? {} : { from }) })
  return {
    request,
    announce: async (infoHash, query, from) =>
      announceReplyOf(await request(getRequest(announceTarget(infoHash, query)), from)),
    counts: async infoHash => {
      const reply = scrapeReplyOf(await request(getRequest(scrapeTarget(infoHash))))
      return reply[Buffer.from(infoHash).toString('hex')]
    },
  }
}

function compactPeers(text: string, peerBytes: number): string[] {
  const bytes = Buffer.from(text, 'latin1')
  assert.equal(bytes.length % peerBytes, 0)
  return Array.from({ length: bytes.length / peerBytes }, (_, index) => {
    const peer = bytes.subarray(index * peerBytes, (index + 1) * peerBytes)
    const address = peer.subarray(0, -2)
    const host = peerBytes === 6 ? [...address].join('.') : address.toString('hex')
    return `${host}:${peer.readUInt16BE(peerBytes - 2)}`
  })
}

// What the load over HTTP needs of an engine: connections by number, requests out. No sockets here.

import type { AnnounceToSend } from '../../protocol/http/announce-request.js'

/** What carries requests. Nothing calls back before it has returned. */
export interface HttpTransport {
  /** Opens a connection; `HttpLoad.opened` or `HttpLoad.ended` follows. */
  open(slot: number): void
  /** @param closes asks the server to close behind its answer */
  announce(slot: number, identifiers: Uint8Array, announce: AnnounceToSend, closes: boolean): void
  /** @param hashes 20 bytes each */
  scrape(slot: number, hashes: Uint8Array, count: number, closes: boolean): void
  /** Waits until the server has closed; `HttpLoad.ended` follows. */
  finish(slot: number): void
  /** Breaks a connection off, open or not; nothing follows. */
  abort(slot: number): void
  /** Own address of a connection: 4 or 16 bytes into `into`. @returns how many, 0 where it is not known */
  localAddress(slot: number, into: Uint8Array): number
}

/** What is known of a connection when an answer has come over it. */
export const ConnectionFate = {
  /** It goes on as long as both sides want it. */
  open: 0,
  /** It is over already; `HttpLoad.ended` follows. */
  over: 1,
  /** More came than was asked for: it can't be known what belongs to the next answer. */
  useless: 2,
} as const

// Whether a tracker answers at this moment, asked over each protocol by several clients at once: with more than one
// worker, each of them is reached.

import { setMaxListeners } from 'node:events'
import { announceReplyOf, announceTarget } from '../support/http-announce.js'
import { HttpConnection } from '../support/http-connection.js'
import { later } from '../support/later.js'
import { UdpClient } from '../support/udp-client.js'
import { connectRequest, infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'

export const allProtocols = ['udp', 'http', 'ws'] as const
export type Protocol = (typeof allProtocols)[number]

export interface Place {
  readonly address: string
  readonly port: number
}

/** Clients of each protocol: with two workers, all land on one and the same of them once in 128 times. */
const CLIENTS = 8

/** A datagram that is lost is sent again, from the same port and so to the same worker. */
const RETRANSMIT_MS = 100

/** Pause before a connection that was refused or broken off is tried again. */
const RECONNECT_MS = 20

/** Where those announce themselves who only ask for service. */
const probeHash = infoHash(0xffff_0000)

/**
 * Milliseconds until each of several new clients of `protocol` had an announce answered. Lost datagrams are sent again,
 * connections that are refused or broken off are tried again: this rejects only when `signal` is aborted.
 */
export async function msUntilServed(protocol: Protocol, place: Place, signal: AbortSignal): Promise<number> {
  const startMs = performance.now()
  // Every client listens to it.
  setMaxListeners(0, signal)
  const probe = probes[protocol]
  const unserved = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`${protocol} does not answer`)), { once: true })
  })
  // Looked at by the race alone, which may be over before.
  unserved.catch(() => undefined)
  const clients = Array.from({ length: CLIENTS }, (_, index) => probe(place, index, signal))
  await Promise.race([Promise.all(clients), unserved])
  return performance.now() - startMs
}

type Probe = (place: Place, index: number, signal: AbortSignal) => Promise<void>

const probes: Readonly<Record<Protocol, Probe>> = {
  async udp(place, index, signal) {
    const client = await UdpClient.open(place)
    try {
      const connected = await insist(client, connectRequest(client.nextTransactionId()), signal)
      client.connectionId = connected.readBigUInt64BE(8)
      await insist(client, client.announcePacket({ infoHash: probeHash, port: 100 + index }), signal)
    } finally {
      client.close()
    }
  },
  http: (place, index, signal) =>
    untilDone(signal, async () => {
      const connection = await HttpConnection.open(place)
      try {
        announceReplyOf(await connection.get(announceTarget(probeHash, { port: 100 + index, compact: 1 })))
      } finally {
        connection.close()
      }
    }),
  ws: (place, index, signal) =>
    untilDone(signal, async () => {
      const owner = new Closing()
      try {
        const client = await WebTorrentClient.connect(owner, `ws://${place.address}:${place.port}`)
        await client.announced('probe'.padEnd(20, '.'), identifier(`probe${index}`))
      } finally {
        owner.close()
      }
    }),
}

/** Sends a request again and again until it is answered or `signal` is aborted. */
export async function insist(client: UdpClient, packet: Buffer, signal: AbortSignal): Promise<Buffer> {
  let isOver = false
  const again = (): void => {
    if (isOver || signal.aborted) return
    client.send(packet)
    later(RETRANSMIT_MS, again)
  }
  const answer = client.request(packet)
  later(RETRANSMIT_MS, again)
  try {
    return await Promise.race([answer, abortOf(signal)])
  } finally {
    isOver = true
  }
}

/** Tries until it succeeds; what went wrong last is the cause where `signal` is aborted. */
async function untilDone(signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await attempt()
    } catch (cause) {
      if (signal.aborted) throw new Error('gave up', { cause })
      await new Promise<void>(resolve => later(RECONNECT_MS, resolve))
    }
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('gave up')), { once: true })
  })
}

/** An owner whose end is told by hand: for a client that lives shorter than its test. */
export class Closing {
  readonly #ends: (() => unknown)[] = []

  after = (end?: unknown): void => {
    if (typeof end === 'function') this.#ends.push(end as () => unknown)
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end()
  }
}

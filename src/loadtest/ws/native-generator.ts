// Load on a WebTorrent tracker with the native engine: the thread's whole loop, which never returns to the event loop.

import { NativeTlsClient } from '../../net/native/tls-client.js'
import { trustedCertificates } from '../../net/trusted-certificates.js'
import { WebSocketClient, WebSocketEnd } from '../../net/websocket-client.js'
import { monotonicMs } from '../clock.js'
import { Phase } from '../control.js'
import type { GeneratorContext } from '../generator.js'
import { Outcome, WorkerCount } from '../kinds.js'
import type { LoadTarget } from '../plan.js'
import { WsLoad } from './load.js'
import { createRelayMemory } from './relay-memory.js'
import { sentBytesMax } from './requests.js'
import { MESSAGE_BYTES_MAX } from './wire.js'

const GAUGE_MS = 50

/** Makes load until the phase is `stop`. @throws AquaticError where the machine fails */
export function generateWsNative(context: GeneratorContext): void {
  const { plan, sideRandom, control } = context
  const { target } = plan
  const sockets = new WebSocketClient({
    target,
    capacity: plan.connectionsPerWorker,
    sourceAddresses: plan.sourceAddresses,
    ...(target.isTls ? { tls: tlsFor(target) } : {}),
    hostName: target.hostName,
    path: target.path,
    messageBytesMax: MESSAGE_BYTES_MAX,
    sentBytesMax: sentBytesMax(plan),
    randomWord: () => sideRandom.word(),
    events: {
      opened: slot => load.opened(slot),
      message: (slot, input, start, end) => load.message(slot, input, start, end),
      closed: (slot, end, text) => load.closed(slot, outcomeOf(end), text),
    },
  })
  const load = new WsLoad(context, sockets, context.relays ?? createRelayMemory(plan))
  const traffic = new Traffic(context, sockets)
  try {
    while (control.phase !== Phase.stop) {
      const nowMs = monotonicMs()
      const waitMs = load.turn(nowMs)
      if (nowMs >= traffic.nextMs) {
        traffic.count(nowMs)
        load.showGauges(nowMs)
      }
      sockets.turn(waitMs)
    }
    load.finish(monotonicMs())
    traffic.count(monotonicMs())
  } finally {
    sockets.closeAll()
  }
}

/** Adds what the sockets count to the counts of the period. */
class Traffic {
  nextMs = 0
  readonly #context: GeneratorContext
  readonly #sockets: WebSocketClient
  #bytesSent = 0
  #bytesReceived = 0
  #sendsKept = 0

  constructor(context: GeneratorContext, sockets: WebSocketClient) {
    this.#context = context
    this.#sockets = sockets
  }

  count(nowMs: number): void {
    const { accounts } = this.#context
    const { bytesSent, bytesReceived, sendsKept } = this.#sockets.stream
    this.nextMs = nowMs + GAUGE_MS
    accounts.count(WorkerCount.bytesSent, nowMs, bytesSent - this.#bytesSent)
    accounts.count(WorkerCount.bytesReceived, nowMs, bytesReceived - this.#bytesReceived)
    accounts.count(WorkerCount.sendsRetried, nowMs, sendsKept - this.#sendsKept)
    this.#bytesSent = bytesSent
    this.#bytesReceived = bytesReceived
    this.#sendsKept = sendsKept
  }
}

function outcomeOf(end: number): Outcome {
  if (end === WebSocketEnd.refused) return Outcome.refused
  return end === WebSocketEnd.malformed ? Outcome.malformed : Outcome.broken
}

function tlsFor({ hostName, verifiesCertificate }: LoadTarget): NativeTlsClient {
  return new NativeTlsClient({ hostName, trustedPems: verifiesCertificate ? trustedCertificates() : null })
}

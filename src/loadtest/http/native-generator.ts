// Load over HTTP with the native engine: the thread's whole loop, which never returns to the event loop.

import { StreamClient, StreamClientEnd, type StreamClientProtocol } from '../../net/native/stream-client.js'
import { NativeTlsClient } from '../../net/native/tls-client.js'
import { trustedCertificates } from '../../net/trusted-certificates.js'
import { type AnnounceToSend, HttpRequestEncoder } from '../../protocol/http/announce-request.js'
import {
  decodeResponse,
  HEAD_BYTES_MAX,
  HttpResponse,
  ResponseProgress,
  ResponseStatus,
} from '../../protocol/http/response-decoder.js'
import { monotonicMs } from '../clock.js'
import type { GeneratorContext } from '../generator.js'
import { WorkerCount } from '../kinds.js'
import type { LoadTarget } from '../plan.js'
import { BODY_BYTES_MAX, malformedText, USER_AGENT } from './exchange.js'
import { HttpLoad } from './load.js'
import { ConnectionFate, type HttpTransport } from './transport.js'

/** Requests are a few hundred bytes: this is for a server that does not read. */
const OUTPUT_BYTES_MAX = 65_536

/** Makes load until the phase is `stop`. @throws AquaticError where the machine fails */
export function generateHttpNative(context: GeneratorContext): void {
  const generator = new NativeHttpGenerator(context)
  try {
    generator.run()
  } finally {
    generator.close()
  }
}

class NativeHttpGenerator implements HttpTransport, StreamClientProtocol {
  readonly #context: GeneratorContext
  readonly #client: StreamClient
  readonly #encoder: HttpRequestEncoder
  readonly #load: HttpLoad
  readonly #response = new HttpResponse()
  /** Of each connection's answer. */
  readonly #progress: readonly ResponseProgress[]
  #bytesSent = 0
  #bytesReceived = 0

  constructor(context: GeneratorContext) {
    const { plan } = context
    const { target, population } = plan
    this.#context = context
    this.#encoder = new HttpRequestEncoder({ ...target, numwant: plan.numwant, userAgent: USER_AGENT })
    this.#client = new StreamClient({
      target,
      capacity: plan.connectionsPerWorker,
      sourceAddresses: plan.sourceAddresses,
      inputBytesMax: HEAD_BYTES_MAX + BODY_BYTES_MAX,
      outputScratchBytes: this.#encoder.bytesMax(population.scrapeTorrents),
      outputBytesMax: OUTPUT_BYTES_MAX,
      // One request in flight: nothing ever waits for an acknowledgement.
      sendsAtOnce: false,
      ...(target.isTls ? { tls: tlsFor(target) } : {}),
      protocol: () => this,
    })
    this.#progress = Array.from({ length: plan.connectionsPerWorker }, () => new ResponseProgress())
    this.#load = new HttpLoad(context, this)
  }

  run(): void {
    while (!this.#load.isOver) {
      const waitMs = this.#load.tick(monotonicMs())
      if (!this.#load.isOver) this.#client.turn(waitMs)
      this.#countBytes()
    }
  }

  close(): void {
    this.#client.closeAll()
  }

  open(slot: number): void {
    this.#progress[slot].clear()
    this.#client.connect(slot)
  }

  announce(slot: number, identifiers: Uint8Array, announce: AnnounceToSend, closes: boolean): void {
    const end = this.#encoder.announce(this.#client.output, 0, identifiers, announce, closes)
    this.#client.write(slot, 0, end)
  }

  scrape(slot: number, hashes: Uint8Array, count: number, closes: boolean): void {
    const end = this.#encoder.scrape(this.#client.output, 0, hashes, count, closes)
    this.#client.write(slot, 0, end)
  }

  finish(slot: number): void {
    this.#client.finish(slot)
  }

  abort(slot: number): void {
    this.#client.reset(slot)
  }

  localAddress(slot: number, into: Uint8Array): number {
    return this.#client.readLocalAddress(slot, into)
  }

  connected(slot: number): void {
    this.#load.opened(slot, monotonicMs())
  }

  received(slot: number, input: Uint8Array, start: number, end: number): number {
    const load = this.#load
    if (!load.isBusy(slot)) {
      load.unasked(slot, monotonicMs())
      return end - start
    }
    const response = this.#response
    const progress = this.#progress[slot]
    const status = decodeResponse(input, start, end, false, BODY_BYTES_MAX, response, progress)
    if (status === ResponseStatus.incomplete) return 0
    if (status !== ResponseStatus.complete) {
      load.spoilt(slot, monotonicMs(), malformedText(status, input, start, end))
      return end - start
    }
    const nowMs = monotonicMs()
    const isTooMuch = response.end < end
    if (isTooMuch) load.unasked(slot, nowMs)
    load.received(slot, nowMs, response, input, isTooMuch ? ConnectionFate.useless : ConnectionFate.open)
    return end - start
  }

  closed(slot: number, end: number, kept: number): void {
    const nowMs = monotonicMs()
    const text = this.#client.describeEnd(end)
    const { input } = this.#client
    if (this.#load.isBusy(slot) && end === StreamClientEnd.inputOverflow) {
      this.#load.spoilt(slot, nowMs, text)
      return
    }
    if (this.#load.isBusy(slot) && end === StreamClientEnd.ended && kept > 0) {
      const response = this.#response
      const progress = this.#progress[slot]
      const status = decodeResponse(input, 0, kept, true, BODY_BYTES_MAX, response, progress)
      if (status === ResponseStatus.complete) {
        this.#load.received(slot, nowMs, response, input, ConnectionFate.over)
      }
    }
    this.#load.ended(slot, nowMs, kept > 0 ? `${text} within an answer` : text)
  }

  #countBytes(): void {
    const { bytesSent, bytesReceived } = this.#client
    if (bytesSent === this.#bytesSent && bytesReceived === this.#bytesReceived) return
    const { accounts } = this.#context
    const nowMs = monotonicMs()
    accounts.count(WorkerCount.bytesSent, nowMs, bytesSent - this.#bytesSent)
    accounts.count(WorkerCount.bytesReceived, nowMs, bytesReceived - this.#bytesReceived)
    this.#bytesSent = bytesSent
    this.#bytesReceived = bytesReceived
  }
}

function tlsFor({ hostName, verifiesCertificate }: LoadTarget): NativeTlsClient {
  return new NativeTlsClient({ hostName, trustedPems: verifiesCertificate ? trustedCertificates() : null })
}

// Requests to go on as a WebSocket: answered by whoever then takes the connection over, if it is known whose it is.

import type { StreamProtocol, StreamServer } from '../../net/stream.js'
import type { IpAddress } from '../../protocol/http/ip-text.js'
import type { HttpRequestHead } from '../../protocol/http/request-head.js'
import { ConnectionWord } from '../../protocol/http/response-head.js'
import { asksForWebSocket } from '../../protocol/http/upgrade.js'
import { addressFailure } from './address-failures.js'
import { AnswerTerms, type RequestAnswers } from './answer-terms.js'
import { AddressStatus, type ClientAddress } from './client-address.js'
import { HttpCounter } from './counters.js'

/** Takes over the connections that have asked to become WebSockets (`WebSocketStreams`). */
export interface Upgrades extends Omit<StreamProtocol, 'open' | 'drained'> {
  /** Whether the last `shake` was an acceptance. */
  readonly isAccepted: boolean
  /**
   * Writes the answer to a request for an upgrade.
   * @param firstHeader number of the first of its wanted headers among those of the decoder
   * @returns its end
   */
  shake(
    connection: number,
    input: Uint8Array,
    head: HttpRequestHead,
    firstHeader: number,
    out: Uint8Array,
    at: number,
  ): number
  /** The acceptance has been written: the connection is taken over. */
  begin(connection: number): void
}

export interface UpgradeParts {
  readonly upgrades: Upgrades
  /** Headers that `shake` looks at; the first is `Upgrade`. */
  readonly wantedHeaders: readonly string[]
}

/** The client of a connection is from now on this address; a reverse proxy's has told. */
export function useSource(server: StreamServer, connection: number, { family, words }: IpAddress): void {
  const { families, addresses } = server
  families[connection] = family
  for (let word = 0; word < 4; word++) addresses[connection * 4 + word] = words[word]
}

export class UpgradeRequests {
  readonly #server: StreamServer
  readonly #upgrades: Upgrades
  readonly #firstHeader: number
  readonly #client: ClientAddress
  readonly #answers: RequestAnswers
  readonly #counters: Float64Array
  readonly #refusal = new AnswerTerms()
  #isAccepted = false

  /**
   * @param firstHeader number of the first wanted header among those of the decoder
   * @param counters one worker's block, indexed by `HttpCounter`
   */
  constructor(
    server: StreamServer,
    upgrades: Upgrades,
    firstHeader: number,
    client: ClientAddress,
    answers: RequestAnswers,
    counters: Float64Array,
  ) {
    this.#server = server
    this.#upgrades = upgrades
    this.#firstHeader = firstHeader
    this.#client = client
    this.#answers = answers
    this.#counters = counters
    this.#refusal.connection = ConnectionWord.close
  }

  /** Whether a request is one of these. */
  has(input: Uint8Array, head: HttpRequestHead): boolean {
    return asksForWebSocket(input, head, this.#firstHeader)
  }

  /** Whether the last one was accepted: its connection is then to be handed over, and otherwise to be finished. */
  get isAccepted(): boolean {
    return this.#isAccepted
  }

  /** Writes the answer. @returns its end */
  answer(connection: number, input: Uint8Array, head: HttpRequestHead, out: Uint8Array, at: number): number {
    this.#isAccepted = false
    const status = this.#client.find(this.#server, connection, input, head)
    if (status !== AddressStatus.known)
      return this.#refuse(connection, addressFailure(status).counter, out, at)
    // Nobody expects a body here, and where it ends the frames would begin.
    if (head.bodyBytes > 0) return this.#refuse(connection, HttpCounter.httpErrorsBadRequest, out, at)
    useSource(this.#server, connection, this.#client.address)
    const end = this.#upgrades.shake(connection, input, head, this.#firstHeader, out, at)
    this.#isAccepted = this.#upgrades.isAccepted
    return end
  }

  #refuse(connection: number, counter: number, out: Uint8Array, at: number): number {
    this.#counters[counter]++
    return this.#answers.httpError(400, this.#server.families[connection], this.#refusal, out, at)
  }
}

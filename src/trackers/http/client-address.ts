// Whose request it is: the address of the connection, or the one that a trusted proxy passes on.

import assert from 'node:assert/strict'
import { NetworkSet } from '../../protocol/http/cidr.js'
import { type ForwardedRule, ForwardedStatus, findForwardedAddress } from '../../protocol/http/forwarded.js'
import { IpAddress } from '../../protocol/http/ip-text.js'
import type { HttpRequestHead } from '../../protocol/http/request-head.js'
import type { ProxyRules } from './rules.js'

/** Number of the proxy's header among those that the decoder is asked for. */
const PROXY_HEADER = 0

export const AddressStatus = {
  known: 0,
  /** A trusted proxy's request without the header, or with fewer entries than there are proxies. */
  headerMissing: 1,
  /** The header has no address where the client's should be. */
  headerInvalid: 2,
  /** A connection on a Unix socket has no address of its own. */
  none: 3,
} as const

/** Where connections are: as in `StreamServer`. */
interface Connections {
  readonly families: Uint8Array
  readonly addresses: Int32Array
}

export class ClientAddress {
  /** Filled by `find`, if the result is `known`. */
  readonly address = new IpAddress()
  /** Headers that the request decoder is to look for. */
  readonly wantedHeaders: readonly string[]
  readonly #rule: ForwardedRule | null
  readonly #trusted: NetworkSet | null
  readonly #peer = new IpAddress()

  constructor({ headerName, headerFormat, hops, trusted }: ProxyRules) {
    this.#trusted = trusted.length > 0 ? requireNetworks(trusted) : null
    this.#rule = headerName === null ? null : { format: headerFormat, hops, trusted: this.#trusted }
    this.wantedHeaders = headerName === null ? [] : [headerName]
  }

  /** Whether the other end of a connection may say whose requests it passes on. */
  isTrusted(connections: Connections, connection: number): boolean {
    if (this.#trusted === null || connections.families[connection] === 0) return true
    this.#copy(connections, connection, this.#peer)
    return this.#trusted.has(this.#peer)
  }

  /** Finds the client of a request. @returns an `AddressStatus` */
  find(connections: Connections, connection: number, input: Uint8Array, head: HttpRequestHead): number {
    if (this.#rule !== null && this.isTrusted(connections, connection)) {
      const status = findForwardedAddress(input, head, PROXY_HEADER, this.#rule, this.address)
      if (status === ForwardedStatus.ok) return AddressStatus.known
      return status === ForwardedStatus.missing ? AddressStatus.headerMissing : AddressStatus.headerInvalid
    }
    if (connections.families[connection] === 0) return AddressStatus.none
    this.#copy(connections, connection, this.address)
    return AddressStatus.known
  }

  #copy({ families, addresses }: Connections, connection: number, to: IpAddress): void {
    const at = connection * 4
    to.family = families[connection]
    to.words[0] = addresses[at]
    to.words[1] = addresses[at + 1]
    to.words[2] = addresses[at + 2]
    to.words[3] = addresses[at + 3]
  }
}

function requireNetworks(texts: readonly string[]): NetworkSet {
  const networks = NetworkSet.parse(texts)
  assert(networks !== undefined, 'the configuration has been checked')
  return networks
}

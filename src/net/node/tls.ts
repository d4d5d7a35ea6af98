// TLS of the node engine: what node:tls needs to agree with the native engine.

import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { Certificate } from '../certificate.js'
import { ALPN_PROTOCOL, TLS12_CIPHERS } from '../tls-settings.js'

/** Node takes 48 bytes: a name of 16, and keys of 16 for HMAC and AES. */
const NODE_TICKET_KEY_BYTES = 48

export interface NodeTlsOptions {
  readonly certificate: Certificate
  /** TICKET_KEY_BYTES random bytes; tickets of the native engine are sealed otherwise, and not known here. */
  readonly ticketKeys: Uint8Array
}

export class NodeTls {
  readonly #ticketKeys: Buffer
  #context: SecureContext

  constructor({ certificate, ticketKeys }: NodeTlsOptions) {
    this.#ticketKeys = Buffer.from(ticketKeys.subarray(0, NODE_TICKET_KEY_BYTES))
    this.#context = this.#createContext(certificate)
  }

  /** New connections are shown this certificate; those that are open keep theirs. @throws when it can't be used */
  setCertificate(certificate: Certificate): void {
    this.#context = this.#createContext(certificate)
  }

  /** Speaks TLS over a connection; `secure` is emitted after the handshake. */
  wrap(socket: Socket): TLSSocket {
    return new TLSSocket(socket, {
      isServer: true,
      requestCert: false,
      secureContext: this.#context,
      ALPNProtocols: [ALPN_PROTOCOL],
    })
  }

  #createContext({ chainPem, keyPem }: Certificate): SecureContext {
    const options = {
      cert: chainPem,
      key: keyPem,
      ciphers: `TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:${TLS12_CIPHERS}`,
      minVersion: 'TLSv1.2' as const,
      secureOptions: constants.SSL_OP_NO_COMPRESSION | constants.SSL_OP_NO_RENEGOTIATION,
      ticketKeys: this.#ticketKeys,
    }
    return createSecureContext(options)
  }
}

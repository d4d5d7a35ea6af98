// TLS from the client's side: OpenSSL on the descriptors of a stream client. Every connection is a full handshake, as
// a tracker sees it from clients that it has not met before: sessions are not kept.

import { isIP } from 'node:net'
import { ALPN_PROTOCOL } from '../tls-settings.js'
import { type Address, loadOpenSsl, type OpenSsl } from './openssl.js'
import { createTlsContext, cString, requireOpenSsl, tlsStatusOf, withPem } from './tls-context.js'

const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55
const SSL_VERIFY_PEER = 1

export interface NativeTlsClientOptions {
  /** Name for SNI (RFC 6066) and the certificate; an address is sent as no name, but verified. */
  readonly hostName: string
  /** Certificates in PEM that are trusted; null: anything is. */
  readonly trustedPems: readonly string[] | null
}

export class NativeTlsClient {
  readonly #ssl: OpenSsl = loadOpenSsl()
  /** The name for SNI with its zero byte, or null. */
  readonly #serverName: Uint8Array | null
  readonly #verifies: boolean
  #context: Address

  /** @throws when OpenSSL refuses a setting or a trusted certificate */
  constructor({ hostName, trustedPems }: NativeTlsClientOptions) {
    this.#serverName = isIP(hostName) === 0 ? cString(hostName) : null
    this.#verifies = trustedPems !== null
    this.#context = this.#createContext(hostName, trustedPems)
  }

  /** No connection can be opened afterwards. */
  close(): void {
    this.#ssl.SSL_CTX_free(this.#context)
    this.#context = 0
  }

  /** The state of TLS for a connection, to be freed with `free`; 0 if there is no memory. */
  open(fd: number): Address {
    this.#ssl.ERR_clear_error()
    const ssl = this.#ssl.SSL_new(this.#context)
    if (ssl === 0) return 0
    const name = this.#serverName
    const isNamed = name === null || this.#ssl.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, name) === 1
    if (isNamed && this.#ssl.SSL_set_fd(ssl, fd) === 1) return ssl
    this.#ssl.SSL_free(ssl)
    return 0
  }

  free(ssl: Address): void {
    this.#ssl.SSL_free(ssl)
  }

  /** Goes on with the handshake. @returns 1 when it is done, else a `TlsStatus` */
  connect(ssl: Address): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.SSL_connect(ssl)
    return result === 1 ? 1 : tlsStatusOf(this.#ssl, ssl, result)
  }

  /** @returns bytes read to an address, at most one record, or a `TlsStatus` */
  read(ssl: Address, address: Address, count: number): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.readAt(ssl, address, count)
    return result > 0 ? result : tlsStatusOf(this.#ssl, ssl, result)
  }

  /** @returns bytes taken, at most one record, or a `TlsStatus`; then the same bytes must be offered again */
  write(ssl: Address, address: Address, count: number): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.writeAt(ssl, address, count)
    return result > 0 ? result : tlsStatusOf(this.#ssl, ssl, result)
  }

  /** Says farewell, if there is room for it. */
  shutdown(ssl: Address): void {
    this.#ssl.ERR_clear_error()
    this.#ssl.SSL_shutdown(ssl)
  }

  /** What is wrong with the server's certificate, after a handshake that failed; null where it is something else. */
  certificateFailure(ssl: Address): string | null {
    if (!this.#verifies) return null
    const result = this.#ssl.SSL_get_verify_result(ssl)
    if (result === 0) return null
    return this.#ssl.X509_verify_cert_error_string(result) ?? `error ${result}`
  }

  /** OpenSSL's words for the call that has just failed; null where the connection ended under it. */
  failure(): string | null {
    const code = this.#ssl.ERR_get_error()
    if (code === 0) return null
    return this.#ssl.ERR_reason_error_string(code) ?? `error 0x${code.toString(16)}`
  }

  #createContext(hostName: string, trustedPems: readonly string[] | null): Address {
    const ssl = this.#ssl
    return createTlsContext(ssl, ssl.TLS_client_method(), context => {
      // RFC 7301: each name behind its length. (0 is success here.)
      const offered = Uint8Array.of(ALPN_PROTOCOL.length, ...Buffer.from(ALPN_PROTOCOL, 'latin1'))
      this.#check(ssl.SSL_CTX_set_alpn_protos(context, offered, offered.length) === 0, 'the protocol')
      if (trustedPems !== null) this.#verify(context, hostName, trustedPems)
    })
  }

  #verify(context: Address, hostName: string, trustedPems: readonly string[]): void {
    const ssl = this.#ssl
    ssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, 0)
    const parameters = ssl.SSL_CTX_get0_param(context)
    const isNamed =
      isIP(hostName) === 0
        ? ssl.X509_VERIFY_PARAM_set1_host(parameters, cString(hostName), hostName.length)
        : ssl.X509_VERIFY_PARAM_set1_ip_asc(parameters, cString(hostName))
    this.#check(isNamed === 1, `the name ${hostName}`)
    const store = ssl.SSL_CTX_get_cert_store(context)
    for (const pem of trustedPems) this.#trust(store, pem)
  }

  #trust(store: Address, pem: string): void {
    const ssl = this.#ssl
    withPem(ssl, pem, bio => {
      for (;;) {
        const certificate = ssl.PEM_read_bio_X509(bio, 0, 0, 0)
        if (certificate === 0) break
        const isAdded = ssl.X509_STORE_add_cert(store, certificate)
        ssl.X509_free(certificate)
        this.#check(isAdded === 1, 'a trusted certificate')
      }
    })
  }

  #check(isFine: boolean, what: string): void {
    requireOpenSsl(this.#ssl, isFine, what)
  }
}

// TLS of the native engine: OpenSSL on the descriptors of the epoll loop. One context for each worker; what one worker
// sealed into a session ticket another opens, since all have the same ticket keys.

import type { Certificate } from '../certificate.js'
import { ALPN_PROTOCOL, TICKET_KEY_BYTES, TLS12_CIPHERS } from '../tls-settings.js'
import { type Address, alpnCallback, loadOpenSsl, type OpenSsl } from './openssl.js'
import { createTlsContext, cString, requireOpenSsl, tlsStatusOf, withPem } from './tls-context.js'

const SSL_CTRL_EXTRA_CHAIN_CERT = 14
const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59

export interface NativeTlsOptions {
  readonly certificate: Certificate
  /** TICKET_KEY_BYTES random bytes, the same for all workers. */
  readonly ticketKeys: Uint8Array
}

/** Why native TLS can't work here, or null. */
export function nativeTlsObstacle(): string | null {
  try {
    loadOpenSsl()
    return null
  } catch (error) {
    return `its TLS needs OpenSSL, which can't be called (${(error as Error).message.split('\n')[0]})`
  }
}

export class NativeTls {
  readonly #ssl: OpenSsl = loadOpenSsl()
  readonly #ticketKeys: Uint8Array
  #context: Address

  /** @throws when OpenSSL refuses the certificate or the keys */
  constructor({ certificate, ticketKeys }: NativeTlsOptions) {
    this.#ticketKeys = ticketKeys
    this.#context = this.#createContext(certificate)
  }

  /**
   * New connections are shown this certificate; those that are open keep theirs.
   * @throws when OpenSSL refuses it; the one before stays
   */
  setCertificate(certificate: Certificate): void {
    const before = this.#context
    this.#context = this.#createContext(certificate)
    // Connections hold references of their own.
    this.#ssl.SSL_CTX_free(before)
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
    if (ssl !== 0 && this.#ssl.SSL_set_fd(ssl, fd) !== 1) {
      this.#ssl.SSL_free(ssl)
      return 0
    }
    return ssl
  }

  free(ssl: Address): void {
    this.#ssl.SSL_free(ssl)
  }

  /** Goes on with the handshake. @returns 1 when it is done, else a `TlsStatus` */
  accept(ssl: Address): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.SSL_accept(ssl)
    return result === 1 ? 1 : this.#statusOf(ssl, result)
  }

  isResumed(ssl: Address): boolean {
    return this.#ssl.SSL_session_reused(ssl) === 1
  }

  /** @returns bytes read, at most one record, or a `TlsStatus` */
  read(ssl: Address, bytes: Uint8Array, count: number): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.SSL_read(ssl, bytes, count)
    return result > 0 ? result : this.#statusOf(ssl, result)
  }

  /** Whether there is input that the kernel has given and `read` has not. */
  hasPending(ssl: Address): boolean {
    return this.#ssl.SSL_has_pending(ssl) === 1
  }

  /** @returns bytes taken, at most one record, or a `TlsStatus`; then the same bytes must be offered again */
  write(ssl: Address, bytes: Uint8Array, count: number): number {
    this.#ssl.ERR_clear_error()
    const result = this.#ssl.SSL_write(ssl, bytes, count)
    return result > 0 ? result : this.#statusOf(ssl, result)
  }

  /** Says farewell, if there is room for it; without it a client may take the answer for cut off. */
  shutdown(ssl: Address): void {
    this.#ssl.ERR_clear_error()
    this.#ssl.SSL_shutdown(ssl)
  }

  #statusOf(ssl: Address, result: number): number {
    return tlsStatusOf(this.#ssl, ssl, result)
  }

  #createContext(certificate: Certificate): Address {
    const ssl = this.#ssl
    return createTlsContext(ssl, ssl.TLS_server_method(), context => {
      this.#check(ssl.SSL_CTX_set_cipher_list(context, cString(TLS12_CIPHERS)) === 1, 'the ciphers')
      ssl.SSL_CTX_set_alpn_select_cb(context, alpnCallback(ALPN_PROTOCOL), 0)
      this.#useTicketKeys(context)
      this.#useCertificate(context, certificate)
    })
  }

  #useTicketKeys(context: Address): void {
    const keys = this.#ticketKeys
    const set = this.#ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, keys.length, keys)
    this.#check(keys.length === TICKET_KEY_BYTES && set === 1, 'the ticket keys')
  }

  #useCertificate(context: Address, { chainPem, keyPem }: Certificate): void {
    const ssl = this.#ssl
    const chain = withPem(ssl, chainPem, bio => {
      const certificates: Address[] = []
      for (let one = ssl.PEM_read_bio_X509(bio, 0, 0, 0); one !== 0; ) {
        certificates.push(one)
        one = ssl.PEM_read_bio_X509(bio, 0, 0, 0)
      }
      return certificates
    })
    const key = withPem(ssl, keyPem, bio => ssl.PEM_read_bio_PrivateKey(bio, 0, 0, 0))
    try {
      this.#check(chain.length > 0 && key !== 0, 'the PEM text')
      this.#check(ssl.SSL_CTX_use_certificate(context, chain[0]) === 1, 'the certificate')
      this.#check(ssl.SSL_CTX_use_PrivateKey(context, key) === 1, 'the private key')
      this.#check(ssl.SSL_CTX_check_private_key(context) === 1, 'the private key with this certificate')
      while (chain.length > 1) {
        // The context owns it from here on.
        const added = ssl.controlWithAddress(context, SSL_CTRL_EXTRA_CHAIN_CERT, 0, chain[1])
        this.#check(added === 1, 'the certificate chain')
        chain.splice(1, 1)
      }
    } finally {
      for (const certificate of chain) ssl.X509_free(certificate)
      if (key !== 0) ssl.EVP_PKEY_free(key)
    }
  }

  #check(isFine: boolean, what: string): void {
    requireOpenSsl(this.#ssl, isFine, what)
  }
}

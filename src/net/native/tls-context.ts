// What contexts of the server's and the client's side have in common, and how OpenSSL's calls are read.

import type { Address, OpenSsl } from './openssl.js'

/** What a call on a connection says when it is not a number of bytes. */
export const TlsStatus = {
  /** The peer has said that nothing follows. */
  ended: 0,
  wantsRead: -1,
  wantsWrite: -2,
  /** The connection can't go on, nor be shut down politely. */
  failed: -3,
} as const

const SSL_ERROR_WANT_READ = 2
const SSL_ERROR_WANT_WRITE = 3
const SSL_ERROR_ZERO_RETURN = 6

const SSL_CTRL_MODE = 33
const SSL_CTRL_SET_READ_AHEAD = 41
const SSL_CTRL_SET_SESS_CACHE_MODE = 44
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123
const TLS1_2_VERSION = 0x0303

// Written bytes may be offered again from elsewhere, and in part; idle connections hold no buffers.
const SSL_MODE_ENABLE_PARTIAL_WRITE = 1
const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2
const SSL_MODE_RELEASE_BUFFERS = 0x10

// Many clients and servers close without the farewell of TLS: what has come then counts as all. Whether a message is
// whole, HTTP and WebSocket say themselves.
const SSL_OP_IGNORE_UNEXPECTED_EOF = 2 ** 7
const SSL_OP_NO_COMPRESSION = 2 ** 17
const SSL_OP_NO_RENEGOTIATION = 2 ** 30

/** What `SSL_get_error` says of a call that returned `result`, 0 or less, as a `TlsStatus`. */
export function tlsStatusOf(openSsl: OpenSsl, ssl: Address, result: number): number {
  switch (openSsl.SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return TlsStatus.wantsRead
    case SSL_ERROR_WANT_WRITE:
      return TlsStatus.wantsWrite
    case SSL_ERROR_ZERO_RETURN:
      return TlsStatus.ended
    default:
      return TlsStatus.failed
  }
}

/**
 * A context of TLS 1.2 and later, without compression, renegotiation and a cache of sessions; `setUp` does the rest.
 * @param method `TLS_server_method()` or `TLS_client_method()`
 * @throws when OpenSSL refuses a setting, or `setUp` throws; nothing is left then
 */
export function createTlsContext(ssl: OpenSsl, method: Address, setUp: (context: Address) => void): Address {
  ssl.ERR_clear_error()
  const context = ssl.SSL_CTX_new(method)
  try {
    requireOpenSsl(ssl, context !== 0, 'SSL_CTX_new')
    const versionSet = ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, null)
    requireOpenSsl(ssl, versionSet === 1, 'the lowest version')
    const options = SSL_OP_IGNORE_UNEXPECTED_EOF + SSL_OP_NO_COMPRESSION + SSL_OP_NO_RENEGOTIATION
    ssl.SSL_CTX_set_options(context, options)
    const mode =
      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
    ssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE, mode, null)
    // One recv for a record instead of one for its header and one for the rest.
    ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, null)
    // Tickets carry a server's sessions: a cache would be memory that clients fill.
    ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, 0, null)
    setUp(context)
    return context
  } catch (error) {
    if (context !== 0) ssl.SSL_CTX_free(context)
    throw error
  }
}

/**
 * Calls `read` with PEM text as OpenSSL reads it; the end of the text, which it reports as an error, is none.
 * @param read gets a BIO that is good until it returns
 */
export function withPem<Result>(ssl: OpenSsl, text: string, read: (bio: Address) => Result): Result {
  const bytes = Buffer.from(text, 'latin1')
  const bio = ssl.BIO_new_mem_buf(bytes, bytes.length)
  try {
    return read(bio)
  } finally {
    ssl.BIO_free(bio)
    ssl.ERR_clear_error()
  }
}

/** @throws unless `isFine`, with OpenSSL's error */
export function requireOpenSsl(ssl: OpenSsl, isFine: boolean, what: string): void {
  if (isFine) return
  throw new Error(`OpenSSL refused ${what} (error 0x${ssl.ERR_get_error().toString(16)})`)
}

/** Text as C has it, with a zero byte at its end. */
export const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)

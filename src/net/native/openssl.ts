// The calls of OpenSSL that the native engine's TLS needs, through koffi: those inside the running node binary, whose
// symbols the official builds export, else of the system's libssl. Beside libc.ts the only file that calls it.

import { koffi } from './koffi.js'

/** The address of something that OpenSSL owns; 0 is none. User space addresses are exact in a double. */
export type Address = number

type Bytes = NodeJS.TypedArray | null

/** The calls, typed as in their manual pages. */
export interface OpenSsl {
  OpenSSL_version_num(): number
  TLS_server_method(): Address
  TLS_client_method(): Address
  SSL_CTX_new(method: Address): Address
  SSL_CTX_free(context: Address): void
  SSL_CTX_ctrl(context: Address, command: number, argument: number, pointer: Bytes): number
  SSL_CTX_set_options(context: Address, options: number): number
  SSL_CTX_set_cipher_list(context: Address, ciphers: Bytes): number
  SSL_CTX_set_session_id_context(context: Address, id: Bytes, bytes: number): number
  SSL_CTX_use_certificate(context: Address, certificate: Address): number
  SSL_CTX_use_PrivateKey(context: Address, key: Address): number
  SSL_CTX_check_private_key(context: Address): number
  SSL_CTX_set_alpn_select_cb(context: Address, callback: AlpnCallback, argument: Address): void
  SSL_CTX_set_alpn_protos(context: Address, protocols: Bytes, bytes: number): number
  SSL_CTX_set_verify(context: Address, mode: number, callback: Address): void
  SSL_CTX_get_cert_store(context: Address): Address
  SSL_CTX_get0_param(context: Address): Address
  X509_STORE_add_cert(store: Address, certificate: Address): number
  X509_VERIFY_PARAM_set1_host(parameters: Address, name: Bytes, bytes: number): number
  X509_VERIFY_PARAM_set1_ip_asc(parameters: Address, address: Bytes): number
  X509_verify_cert_error_string(code: number): string | null
  SSL_new(context: Address): Address
  SSL_free(ssl: Address): void
  SSL_set_fd(ssl: Address, fd: number): number
  SSL_accept(ssl: Address): number
  SSL_connect(ssl: Address): number
  SSL_get_verify_result(ssl: Address): number
  SSL_read(ssl: Address, bytes: Bytes, count: number): number
  SSL_write(ssl: Address, bytes: Bytes, count: number): number
  SSL_shutdown(ssl: Address): number
  SSL_has_pending(ssl: Address): number
  SSL_get_error(ssl: Address, result: number): number
  SSL_ctrl(ssl: Address, command: number, argument: number, pointer: Bytes): number
  SSL_session_reused(ssl: Address): number
  ERR_clear_error(): void
  ERR_get_error(): number
  ERR_reason_error_string(code: number): string | null
  BIO_new_mem_buf(bytes: Bytes, count: number): Address
  BIO_free(bio: Address): number
  PEM_read_bio_X509(bio: Address, into: Address, callback: Address, argument: Address): Address
  PEM_read_bio_PrivateKey(bio: Address, into: Address, callback: Address, argument: Address): Address
  X509_free(certificate: Address): void
  EVP_PKEY_free(key: Address): void
  /** The same call as SSL_CTX_ctrl, for commands whose pointer OpenSSL owns. */
  controlWithAddress(context: Address, command: number, argument: number, pointer: Address): number
  /** `SSL_read` and `SSL_write` of memory at an address of `Libc.addressOf`. */
  readAt(ssl: Address, bytes: Address, count: number): number
  writeAt(ssl: Address, bytes: Address, count: number): number
}

/** The address of a function of JavaScript that OpenSSL can call. */
type AlpnCallback = bigint

const declarations = [
  'unsigned long OpenSSL_version_num()',
  'uintptr_t TLS_server_method()',
  'uintptr_t TLS_client_method()',
  'uintptr_t SSL_CTX_new(uintptr_t)',
  'void SSL_CTX_free(uintptr_t)',
  'long SSL_CTX_ctrl(uintptr_t, int, long, void*)',
  'uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)',
  'int SSL_CTX_set_cipher_list(uintptr_t, void*)',
  'int SSL_CTX_set_session_id_context(uintptr_t, void*, uint32_t)',
  'int SSL_CTX_use_certificate(uintptr_t, uintptr_t)',
  'int SSL_CTX_use_PrivateKey(uintptr_t, uintptr_t)',
  'int SSL_CTX_check_private_key(uintptr_t)',
  'void SSL_CTX_set_alpn_select_cb(uintptr_t, uintptr_t, uintptr_t)',
  'int SSL_CTX_set_alpn_protos(uintptr_t, void*, uint32_t)',
  'void SSL_CTX_set_verify(uintptr_t, int, uintptr_t)',
  'uintptr_t SSL_CTX_get_cert_store(uintptr_t)',
  'uintptr_t SSL_CTX_get0_param(uintptr_t)',
  'int X509_STORE_add_cert(uintptr_t, uintptr_t)',
  'int X509_VERIFY_PARAM_set1_host(uintptr_t, void*, size_t)',
  'int X509_VERIFY_PARAM_set1_ip_asc(uintptr_t, void*)',
  'const char *X509_verify_cert_error_string(long)',
  'uintptr_t SSL_new(uintptr_t)',
  'void SSL_free(uintptr_t)',
  'int SSL_set_fd(uintptr_t, int)',
  'int SSL_accept(uintptr_t)',
  'int SSL_connect(uintptr_t)',
  'long SSL_get_verify_result(uintptr_t)',
  'int SSL_read(uintptr_t, void*, int)',
  'int SSL_write(uintptr_t, void*, int)',
  'int SSL_shutdown(uintptr_t)',
  'int SSL_has_pending(uintptr_t)',
  'int SSL_get_error(uintptr_t, int)',
  'long SSL_ctrl(uintptr_t, int, long, void*)',
  'int SSL_session_reused(uintptr_t)',
  'void ERR_clear_error()',
  'unsigned long ERR_get_error()',
  'const char *ERR_reason_error_string(unsigned long)',
  'uintptr_t BIO_new_mem_buf(void*, int)',
  'int BIO_free(uintptr_t)',
  'uintptr_t PEM_read_bio_X509(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
  'uintptr_t PEM_read_bio_PrivateKey(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
  'void X509_free(uintptr_t)',
  'void EVP_PKEY_free(uintptr_t)',
]

/** `SSL_set_options` of these numbers, `SSL_has_pending` and TLS 1.3 came with 1.1; 3.0 is what is tested. */
const VERSION_MIN = 0x30000000

let loaded: OpenSsl | undefined
let callback: AlpnCallback | undefined

/**
 * Binds the calls, once per thread.
 * @throws Error with the reason when neither node nor the system has them
 */
export function loadOpenSsl(): OpenSsl {
  if (loaded !== undefined) return loaded
  try {
    loaded = bind(null)
  } catch {
    // A node that is linked to the system's libssl may hide its symbols.
    loaded = bind('libssl.so.3')
  }
  const version = loaded.OpenSSL_version_num()
  if (version >= VERSION_MIN) return loaded
  loaded = undefined
  throw new Error(`OpenSSL 3 is needed, this is 0x${version.toString(16)}`)
}

function bind(library: string | null): OpenSsl {
  const handle = koffi.load(library)
  const calls: Record<string, unknown> = {}
  for (const declaration of declarations) {
    const name = (/(\w+)\(/.exec(declaration) as RegExpExecArray)[1]
    calls[name] = handle.func(declaration)
  }
  calls['controlWithAddress'] = handle.func('SSL_CTX_ctrl', 'long', ['uintptr_t', 'int', 'long', 'uintptr_t'])
  calls['readAt'] = handle.func('SSL_read', 'int', ['uintptr_t', 'uintptr_t', 'int'])
  calls['writeAt'] = handle.func('SSL_write', 'int', ['uintptr_t', 'uintptr_t', 'int'])
  return calls as unknown as OpenSsl
}

const TLSEXT_ERR_OK = 0
const TLSEXT_ERR_ALERT_FATAL = 2

/**
 * The callback for SSL_CTX_set_alpn_select_cb (RFC 7301): chooses `protocol` if the client offers it, else ends the
 * handshake. One for the thread, kept for as long as it runs; called once for each handshake whose client offers any.
 */
export function alpnCallback(protocol: string): AlpnCallback {
  if (callback !== undefined) return callback
  const address = 'uintptr_t'
  const type = koffi.proto('int', [address, address, address, address, 'uint32_t', address])
  const select = (
    _ssl: Address,
    out: Address,
    outBytes: Address,
    offered: Address,
    bytes: number,
  ): number => {
    const list = Buffer.from(koffi.decode(BigInt(offered), 'uint8_t', bytes))
    for (let at = 0; at < list.length; at += 1 + list[at]) {
      if (list.toString('latin1', at + 1, at + 1 + list[at]) !== protocol) continue
      // What is chosen may point into what was offered.
      koffi.encode(BigInt(out), address, offered + at + 1)
      koffi.encode(BigInt(outBytes), 'uint8_t', protocol.length)
      return TLSEXT_ERR_OK
    }
    return TLSEXT_ERR_ALERT_FATAL
  }
  callback = koffi.register(select, koffi.pointer(type))
  return callback
}

// `openssl s_client` as an independent client of TLS, and a ClientHello of suites that OpenSSL itself no longer has.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const program = 'openssl'

/** Everything that `openssl s_client` says about a connection to a port of 127.0.0.1. */
export function sClient(port: number, args: readonly string[], input = ''): string {
  const command = ['s_client', '-connect', `127.0.0.1:${port}`, ...args]
  const { stdout, stderr } = spawnSync(program, command, { input, encoding: 'latin1' })
  return stdout + stderr
}

/** What a server says to a ClientHello: the suite and compression that it chose, or its alert. */
export type HelloAnswer =
  | { readonly suite: number; readonly compression: number }
  | { readonly alert: number }

/** Offers exactly these suites of TLS 1.2, with the compression methods DEFLATE and none. */
export async function offerSuites(port: number, suites: readonly number[]): Promise<HelloAnswer> {
  const socket = connect(port, '127.0.0.1')
  let received = Buffer.alloc(0)
  try {
    await once(socket, 'connect')
    socket.write(clientHello(suites))
    // A record: type 1, version 2, length 2; an alert: level 1, description 1.
    while (received.length < 7 || received.length < 5 + received.readUInt16BE(3)) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      received = Buffer.concat([received, chunk])
    }
  } finally {
    socket.destroy()
  }
  if (received[0] === 0x15) return { alert: received[6] }
  // ServerHello: type 1, length 3, version 2, random 32, session id, suite 2, compression 1.
  const suiteAt = 5 + 4 + 2 + 32 + 1 + received[5 + 4 + 2 + 32]
  return { suite: received.readUInt16BE(suiteAt), compression: received[suiteAt + 2] }
}

function clientHello(suites: readonly number[]): Buffer {
  const words = (values: readonly number[]): Buffer =>
    Buffer.from(values.flatMap(value => [value >> 8, value & 0xff]))
  const sized = (bytes: Buffer, lengthBytes: 1 | 2 | 3): Buffer => {
    const length = Buffer.alloc(lengthBytes)
    length.writeUIntBE(bytes.length, 0, lengthBytes)
    return Buffer.concat([length, bytes])
  }
  const extension = (type: number, content: Buffer): Buffer =>
    Buffer.concat([words([type]), sized(content, 2)])
  const extensions = [
    // supported_groups: secp256r1, x25519; ec_point_formats: uncompressed.
    extension(10, sized(words([0x0017, 0x001d]), 2)),
    extension(11, sized(Buffer.of(0), 1)),
    // signature_algorithms: rsa_pss_rsae_sha256, rsa_pkcs1_sha256, ecdsa_secp256r1_sha256, rsa_pkcs1_sha1.
    extension(13, sized(words([0x0804, 0x0401, 0x0403, 0x0201]), 2)),
  ]
  const body = Buffer.concat([
    words([0x0303]),
    randomBytes(32),
    sized(Buffer.alloc(0), 1),
    sized(words(suites), 2),
    sized(Buffer.of(1, 0), 1),
    sized(Buffer.concat(extensions), 2),
  ])
  const handshake = Buffer.concat([Buffer.of(1), sized(body, 3)])
  return Buffer.concat([Buffer.of(0x16), words([0x0301]), sized(handshake, 2)])
}

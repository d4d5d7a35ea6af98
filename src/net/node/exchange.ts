// One question and its answer over TCP, TLS or UDP, with a time limit: for programs that ask once and then go on in
// other ways. What goes wrong is a value, not an exception.

import { createSocket } from 'node:dgram'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** How far it came, and what was received until then. */
export type ExchangeEnd =
  | { readonly kind: 'answered'; readonly bytes: Buffer }
  /** The other side closed, or time ran out, before the answer was whole. */
  | { readonly kind: 'closed' | 'silent'; readonly stage: ExchangeStage; readonly bytes: Buffer }
  /** `code` is the system's or OpenSSL's: ECONNREFUSED, ERR_TLS_CERT_ALTNAME_INVALID. */
  | { readonly kind: 'failed'; readonly stage: ExchangeStage; readonly code: string; readonly text: string }

/** What was under way. */
export type ExchangeStage = 'connect' | 'tls' | 'answer'

export interface StreamQuestion {
  /** Numeric. */
  readonly address: string
  readonly port: number
  /** Absent: plain TCP. */
  readonly tls?: { readonly serverName: string; readonly verifiesCertificate: boolean }
  readonly request: Uint8Array
  /** Whether these bytes are all of the answer that is wanted. */
  readonly isWhole: (bytes: Buffer) => boolean
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** An answer longer than this is looked at as far as it goes. */
const ANSWER_BYTES_MAX = 16_384

/** Connects, asks, and closes. An abort is `silent`. */
export function askStream(question: StreamQuestion): Promise<ExchangeEnd> {
  const { address, port, tls, request, isWhole, timeoutMs, signal } = question
  return new Promise(resolve => {
    let stage: ExchangeStage = 'connect'
    let bytes: Buffer = Buffer.alloc(0)
    const tcp = connect({ host: address, port })
    let socket: Socket = tcp
    const end = (result: ExchangeEnd): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      socket.destroy()
      tcp.destroy()
      resolve(result)
    }
    const giveUp = (): void => end({ kind: 'silent', stage, bytes })
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp)
    const failed = (error: NodeJS.ErrnoException): void =>
      end({ kind: 'failed', stage, code: error.code ?? error.name, text: error.message })
    const ask = (): void => {
      stage = 'answer'
      socket.on('data', chunk => {
        bytes = Buffer.concat([bytes, chunk])
        if (isWhole(bytes) || bytes.length >= ANSWER_BYTES_MAX) end({ kind: 'answered', bytes })
      })
      socket.write(request)
    }
    tcp.on('error', failed)
    tcp.on('close', () => end({ kind: 'closed', stage, bytes }))
    tcp.once('connect', () => {
      if (tls === undefined) {
        ask()
        return
      }
      stage = 'tls'
      const { serverName, verifiesCertificate: rejectUnauthorized } = tls
      // An address has no place in the name that is asked for (RFC 6066, 3).
      const servername = isIP(serverName) === 0 ? serverName : ''
      socket = connectTls({ socket: tcp, host: serverName, servername, rejectUnauthorized })
      socket.on('error', failed)
      socket.on('close', () => end({ kind: 'closed', stage, bytes }))
      socket.once('secureConnect', ask)
    })
    if (signal?.aborted) giveUp()
  })
}

export interface DatagramQuestion {
  /** Numeric. */
  readonly address: string
  readonly port: number
  readonly request: Uint8Array
  readonly isAnswer: (bytes: Buffer) => boolean
  /** How often it is asked, and how long each is waited for. */
  readonly tries: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Sends a datagram, again where no answer comes. What came but was no answer is in `bytes` of `silent`. */
export function askDatagram(question: DatagramQuestion): Promise<ExchangeEnd> {
  const { address, port, request, isAnswer, tries, timeoutMs, signal } = question
  return new Promise(resolve => {
    let bytes: Buffer = Buffer.alloc(0)
    let tried = 0
    let timer: NodeJS.Timeout | undefined
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    let isOver = false
    const end = (result: ExchangeEnd): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      socket.close()
      resolve(result)
    }
    const giveUp = (): void => end({ kind: 'silent', stage: 'answer', bytes })
    const failed = (error: NodeJS.ErrnoException): void =>
      end({ kind: 'failed', stage: 'answer', code: error.code ?? error.name, text: error.message })
    const ask = (): void => {
      if (tried === tries) {
        giveUp()
        return
      }
      tried++
      socket.send(request)
      timer = setTimeout(ask, timeoutMs)
    }
    socket.on('error', failed)
    socket.on('message', message => {
      bytes = message
      if (isAnswer(message)) end({ kind: 'answered', bytes })
    })
    signal?.addEventListener('abort', giveUp)
    // Connected, so that the system tells of ports where nobody listens.
    socket.connect(port, address, ask)
    if (signal?.aborted) giveUp()
  })
}

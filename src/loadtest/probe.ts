// Looks whether somebody answers at the target, and speaks the protocol, before threads are started and a screen is
// drawn: what is wrong there is then said in one sentence. Nothing is announced.

import { randomBytes, randomInt } from 'node:crypto'
import { scrapePathOf, type TargetProtocol, type TargetText } from '../config/target-text.js'
import { AquaticError } from '../errors.js'
import { askDatagram, askStream, type ExchangeEnd } from '../net/node/exchange.js'
import {
  failure,
  failureText,
  isCertificateProblem,
  notTls,
  otherProtocol,
  silenceText,
  silent,
  speaksTls,
} from './probe-errors.js'

export interface ProbeOptions {
  readonly protocol: TargetProtocol
  readonly target: TargetText
  /** Tried one after the other until one answers. */
  readonly addresses: readonly string[]
  /** For a target whose scheme does not say it. */
  readonly tls: 'auto' | 'on' | 'off'
  readonly verifiesCertificate: boolean
  /** Appended to the target's path. */
  readonly urlSuffix: string
  readonly signal?: AbortSignal
}

/** Who answered, and how. */
export interface ProbeAnswer {
  readonly address: string
  readonly isTls: boolean
}

const UDP_TRIES = 3
const UDP_TIMEOUT_MS = 1000
const STREAM_TIMEOUT_MS = 5000
/** Who answers no scrape is asked in other ways. */
const SCRAPE_TIMEOUT_MS = 2000
/** Who does not speak TLS may wait for the rest of a request; it is not waited for him longer than this. */
const TLS_TRIAL_MS = 2000

/**
 * @throws AquaticError AQ_TARGET_SILENT: nobody there; AQ_TARGET_PROTOCOL: something else is spoken there;
 *   AQ_TARGET_CERTIFICATE
 */
export async function probeTarget(options: ProbeOptions): Promise<ProbeAnswer> {
  let first: unknown
  for (const address of options.addresses) {
    try {
      return { address, isTls: await probeAddress(options, address) }
    } catch (error) {
      if (!(error instanceof AquaticError) || options.signal?.aborted) throw error
      first ??= error
    }
  }
  throw first
}

/** @returns whether TLS is spoken */
async function probeAddress(options: ProbeOptions, address: string): Promise<boolean> {
  const { protocol, target, tls } = options
  if (protocol === 'udp') {
    await probeUdp(options, address)
    return false
  }
  const isTls = target.isTls ?? (tls === 'auto' ? null : tls === 'on')
  if (isTls !== null) {
    await probeStream(options, address, isTls)
    return isTls
  }
  const trial = await ask(options, address, true, TLS_TRIAL_MS)
  if (hasShaken(trial) || isUnreachable(trial)) {
    judge(options, address, true, trial)
    return true
  }
  try {
    await probeStream(options, address, false)
    return false
  } catch (error) {
    // Without TLS it is wrong: who had nothing to say at the trial may have been slow, or this machine.
    if (trial.kind !== 'silent') throw error
    const again = await ask(options, address, true, STREAM_TIMEOUT_MS)
    if (!hasShaken(again)) throw error
    judge(options, address, true, again)
    return true
  }
}

/** Whether somebody at the other end shook hands for TLS, even if we did not like the certificate. */
function hasShaken(end: ExchangeEnd): boolean {
  return end.kind === 'answered' || end.stage === 'answer' || isCertificateProblem(end)
}

function isUnreachable(end: ExchangeEnd): boolean {
  return end.kind !== 'answered' && end.stage === 'connect'
}

async function probeUdp(options: ProbeOptions, address: string): Promise<void> {
  const { target, signal } = options
  const request = Buffer.alloc(16)
  // BEP 15: protocol id, action connect, transaction id.
  request.writeBigUInt64BE(0x417_2710_1980n, 0)
  const transactionId = randomInt(2 ** 32)
  request.writeUInt32BE(transactionId, 12)
  const isAnswer = (bytes: Buffer): boolean => bytes.length >= 8 && bytes.readUInt32BE(4) === transactionId
  const end = await askDatagram({
    address,
    port: target.port,
    request,
    isAnswer,
    tries: UDP_TRIES,
    timeoutMs: UDP_TIMEOUT_MS,
    signal,
  })
  if (end.kind === 'answered') return
  if (end.kind === 'failed') throw silent(options, address, failureText(end.code, end.text))
  if (end.bytes.length > 0)
    throw otherProtocol(options, 'answered with something that is no UDP tracker’s answer')
  throw silent(options, address, `${UDP_TRIES} connect requests got no answer`)
}

async function probeStream(options: ProbeOptions, address: string, isTls: boolean): Promise<void> {
  judge(options, address, isTls, await ask(options, address, isTls, STREAM_TIMEOUT_MS))
}

async function ask(
  options: ProbeOptions,
  address: string,
  isTls: boolean,
  timeoutMs: number,
): Promise<ExchangeEnd> {
  const { target, verifiesCertificate, signal, protocol } = options
  const question = {
    address,
    port: target.port,
    ...(isTls ? { tls: { serverName: target.host, verifiesCertificate } } : {}),
    isWhole: (bytes: Buffer) => !couldBecomeHttp(bytes) || bytes.includes('\r\n'),
    timeoutMs,
    signal,
  }
  if (protocol === 'ws')
    return askStream({ ...question, request: requestOf(options, 'GET', pathOf(options)) })
  const scrape = scrapeOf(options)
  if (scrape !== null) {
    const request = requestOf(options, 'GET', scrape)
    const end = await askStream({ ...question, request, timeoutMs: Math.min(timeoutMs, SCRAPE_TIMEOUT_MS) })
    if (!isUnanswered(end) || signal?.aborted) return end
  }
  // Some serve announces alone; of these some know no HEAD, and say so by hanging up.
  const end = await askStream({ ...question, request: requestOf(options, 'HEAD', pathOf(options)) })
  if (end.kind === 'silent' || !isUnanswered(end)) return end
  return askStream({ ...question, request: requestOf(options, 'GET', pathOf(options)) })
}

/** Whether a connection came about, and a request got nothing at all. */
function isUnanswered(end: ExchangeEnd): boolean {
  return (
    end.kind !== 'answered' && end.stage === 'answer' && (end.kind === 'failed' || end.bytes.length === 0)
  )
}

/** Where announces go; without an info hash none is announced. */
function pathOf({ target, urlSuffix }: ProbeOptions): string {
  return target.path + urlSuffix
}

/** Some trackers answer only requests that have all they need (aquatic 0.9). No torrent has this hash of 20 bytes. */
const ABSENT_INFO_HASH = 'aquatic-loadtest-ask'

/** Null where no scrape follows from the path of announces (BEP 48). */
function scrapeOf({ target, urlSuffix }: ProbeOptions): string | null {
  const path = scrapePathOf(target.path)
  if (path === null) return null
  const whole = path + urlSuffix
  return `${whole}${whole.includes('?') ? '&' : '?'}info_hash=${ABSENT_INFO_HASH}`
}

/** The upgrade for WebTorrent (RFC 6455), else what `method` says. */
function requestOf({ protocol, target }: ProbeOptions, method: 'HEAD' | 'GET', path: string): Buffer {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  const headers =
    protocol === 'ws'
      ? [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        ]
      : ['Connection: close']
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}:${target.port}`,
    'User-Agent: aquatic-loadtest',
    ...headers,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

const HTTP_START = Buffer.from('HTTP/1.')

function couldBecomeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HTTP_START.length)
  return bytes.subarray(0, length).equals(HTTP_START.subarray(0, length))
}

/** Throws for everything but the right answer. */
function judge(options: ProbeOptions, address: string, isTls: boolean, end: ExchangeEnd): void {
  const { protocol } = options
  if (end.kind === 'failed') throw failure(options, address, isTls, end)
  if (end.kind === 'silent') throw silent(options, address, silenceText(end.stage))
  if (end.kind === 'closed') {
    if (end.stage === 'tls') throw notTls(options)
    throw otherProtocol(options, 'closed the connection without an answer')
  }
  const { bytes } = end
  if (!isTls && bytes[0] === TLS_ALERT && bytes[1] === 3) throw speaksTls(options)
  if (!couldBecomeHttp(bytes)) throw otherProtocol(options, 'answered with something that is not HTTP')
  if (protocol === 'http') return
  const status = /^HTTP\/1\.\d (\d{3})([^\r\n]{0,60})/.exec(bytes.toString('latin1'))
  if (status?.[1] !== '101') {
    throw otherProtocol(
      options,
      `answered the WebSocket upgrade with ${status?.[1] ?? 'no status'}${status?.[2] ?? ''}`,
    )
  }
}

/** Type of a TLS record: what a TLS server says to plain text. */
const TLS_ALERT = 21

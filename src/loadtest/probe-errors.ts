// What is said of a target that does not answer as it should, in one sentence and with what to do.

import type { TargetProtocol } from '../config/target-text.js'
import { AquaticError } from '../errors.js'
import type { ExchangeEnd, ExchangeStage } from '../net/node/exchange.js'
import type { ProbeOptions } from './probe.js'
import { isLoopback } from './target.js'

/** What had not come when time was over. */
export function silenceText(stage: ExchangeStage): string {
  switch (stage) {
    case 'connect':
      return 'no connection came about in time'
    case 'tls':
      return 'the TLS handshake was not finished in time'
    case 'answer':
      return 'the connection was opened, but a request got no answer'
  }
}

/** Of a connection, a handshake or a certificate that failed. */
export function failure(
  options: ProbeOptions,
  address: string,
  isTls: boolean,
  end: Extract<ExchangeEnd, { kind: 'failed' }>,
): AquaticError {
  if (isCertificateProblem(end)) {
    return new AquaticError(
      'AQ_TARGET_CERTIFICATE',
      `The certificate of ${options.target.text} is not accepted: ${end.text}.`,
      { remedy: 'leave --verify-certificate away, or give node the authority: NODE_EXTRA_CA_CERTS=ca.pem' },
    )
  }
  if (end.stage === 'tls' && isTls) return notTls(options)
  return silent(options, address, failureText(end.code, end.text))
}

/** What node calls problems of certificates (tls, X509 verify errors). */
const certificateCodes =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_|ERR_TLS_CERT_)/

/** Whether TLS is spoken there, and the certificate alone is not accepted. */
export function isCertificateProblem(end: ExchangeEnd): boolean {
  return end.kind === 'failed' && certificateCodes.test(end.code)
}

/** Of a system's error; `text` where its code says too little. */
export function failureText(code: string, text: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there (ECONNREFUSED)'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way there (${code})`
    case 'EADDRNOTAVAIL':
      return 'this machine has no address that could ask (EADDRNOTAVAIL)'
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection was broken off (${code})`
    default:
      return text.includes(code) ? text : `${text} (${code})`
  }
}

/** Nobody answers at all: AQ_TARGET_SILENT. */
export function silent({ protocol, target }: ProbeOptions, address: string, reason: string): AquaticError {
  const { text, host, port } = target
  const place = host === address || text.includes(address) ? text : `${text} (${address})`
  const remedy = isLoopback(address)
    ? `start a tracker in another terminal: ${serveCommand(protocol, address, port)}`
    : 'check address, port and firewalls on the way'
  return new AquaticError('AQ_TARGET_SILENT', `No tracker answers at ${place}: ${reason}.`, { remedy })
}

/** A command that starts a tracker of ours at a loopback address. */
function serveCommand(protocol: TargetProtocol, address: string, port: number): string {
  if (port === 3000) return `aquatic serve ${protocol}`
  const family = address.includes(':') ? `address_ipv6=[${address}]` : `address_ipv4=${address}`
  return `aquatic serve ${protocol} --set network.${family}:${port}`
}

/** Somebody answers, and not as such a tracker does: AQ_TARGET_PROTOCOL. @param what after its name */
export function otherProtocol({ protocol, target }: ProbeOptions, what: string): AquaticError {
  const names = { udp: 'UDP', http: 'HTTP', ws: 'WebTorrent' }
  return new AquaticError('AQ_TARGET_PROTOCOL', `${target.text} ${what}.`, {
    remedy: `check that a ${names[protocol]} tracker serves this address, port and path`,
  })
}

/** Asked with TLS, and there is none: AQ_TARGET_PROTOCOL. */
export function notTls(options: ProbeOptions): AquaticError {
  const { protocol, target } = options
  return new AquaticError('AQ_TARGET_PROTOCOL', `${target.text} does not speak TLS.`, {
    remedy: `write ${protocol}:// for a tracker without TLS`,
  })
}

/** Asked without TLS, and nothing else is spoken: AQ_TARGET_PROTOCOL. */
export function speaksTls({ protocol, target }: ProbeOptions): AquaticError {
  return new AquaticError('AQ_TARGET_PROTOCOL', `${target.text} speaks TLS, and was asked without.`, {
    remedy: `write ${protocol}s:// for a tracker with TLS`,
  })
}

// Whom a load test asks, as it is written: `udp://tracker.example:6969/announce`, `https://tracker.example/announce`,
// `127.0.0.1:3000`. Names stay names here; they are looked up in src/loadtest/target.ts.

import { isIPv6 } from 'node:net'
import { parseSocketAddress } from '../protocol/socket-address.js'
import type { TextForm } from './schema.js'
import { nearest } from './suggest.js'

export type TargetProtocol = 'udp' | 'http' | 'ws'

export interface TargetText {
  /** As it was given. */
  readonly text: string
  /** A name, or a numeric address without brackets. */
  readonly host: string
  readonly port: number
  /** What the scheme says about TLS; null where there is none. */
  readonly isTls: boolean | null
  /** Path and query; `/announce` where the text has none. */
  readonly path: string
}

/** Schemes of each protocol with the port that goes without saying; UDP has none. */
const schemes: Readonly<Record<TargetProtocol, Readonly<Record<string, number | null>>>> = {
  udp: { udp: null },
  http: { http: 80, https: 443 },
  ws: { ws: 80, wss: 443 },
}
const protocols = Object.keys(schemes) as readonly TargetProtocol[]
const DEFAULT_PATH = '/announce'

/** The target, or one or two sentences about what is wrong with the text. */
export function parseTarget(
  text: string,
  protocol: TargetProtocol,
): { readonly target: TargetText } | { readonly problem: string } {
  const trimmed = text.trim()
  if (/[\s\p{Cc}\\]/u.test(trimmed)) return { problem: 'There is a space or a control character in it.' }
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(trimmed) ?? []
  if (scheme === undefined || rest === undefined) return parseWithoutScheme(trimmed, protocol)
  const lowered = scheme.toLowerCase()
  if (!Object.hasOwn(schemes[protocol], lowered)) return { problem: schemeProblem(lowered, protocol) }
  return parseAuthority(trimmed, rest, lowered, protocol)
}

function schemeProblem(scheme: string, protocol: TargetProtocol): string {
  const owner = protocols.find(other => Object.hasOwn(schemes[other], scheme))
  if (owner !== undefined) return `${scheme}:// is for aquatic loadtest ${owner}.`
  const mine = Object.keys(schemes[protocol])
  const near = nearest(scheme, mine)
  const known = mine.map(name => `${name}://`).join(' or ')
  return near === undefined ? `There is no ${scheme}:// here, but ${known}.` : `Did you mean ${near}://?`
}

function parseAuthority(
  text: string,
  rest: string,
  scheme: string,
  protocol: TargetProtocol,
): { readonly target: TargetText } | { readonly problem: string } {
  // The rules for hosts are those of http, which `udp:` is not known to have.
  const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined
  if (url === undefined || url.hostname === '') return { problem: badAuthorityText(rest) }
  if (url.username !== '' || url.password !== '') return { problem: 'Leave user name and password away.' }
  const written = /^(?:\[[^\]]*\]|[^/?#:]*):(\d+)(?:[/?#]|$)/.exec(rest)?.[1]
  const usual = schemes[protocol][scheme] ?? null
  if (written === undefined && usual === null) {
    const example = `${scheme}://${url.host}:6969${url.pathname === '/' ? '' : url.pathname}`
    return { problem: `A port is missing. Write ${example}, with the tracker's port.` }
  }
  const port = written === undefined ? usual! : Number(written)
  if (port === 0) return { problem: 'Nobody listens on port 0.' }
  const path = `${url.pathname === '/' ? DEFAULT_PATH : url.pathname}${url.search}`
  const isTls = protocol === 'udp' ? false : scheme === 'https' || scheme === 'wss'
  return { target: { text, host: withoutBrackets(url.hostname), port, isTls, path } }
}

function badAuthorityText(rest: string): string {
  const host = rest.split(/[/?#]/)[0] ?? ''
  const lastColon = host.lastIndexOf(':')
  for (const [address, port] of [
    [host, ''],
    [host.slice(0, lastColon), host.slice(lastColon)],
  ] as const) {
    if (isIPv6(address)) return `IPv6 addresses are written in brackets: [${address}]${port}.`
  }
  return host === '' ? 'A host is missing.' : 'Host or port is not one that a URL can have.'
}

/** `127.0.0.1:3000`, `localhost:3000/announce`: nothing is said about TLS, and the port has to be there. */
function parseWithoutScheme(
  text: string,
  protocol: TargetProtocol,
): { readonly target: TargetText } | { readonly problem: string } {
  if (text === '' || text.startsWith('/') || text.startsWith('?')) return { problem: 'A host is missing.' }
  const parsed = parseAuthority(text, text, Object.keys(schemes[protocol])[0]!, protocol)
  if ('problem' in parsed) {
    return { problem: parsed.problem.replace(`${protocol}://`, '') }
  }
  const hasPort = /^(?:\[[^\]]*\]|[^/?#:]*):\d+/.test(text)
  if (!hasPort) {
    const example = protocol === 'udp' ? `${text}:6969` : `${protocol}://${text}" or "${text}:3000`
    return { problem: `A port is missing. Write "${example}".` }
  }
  return { target: { ...parsed.target, isTls: protocol === 'udp' ? false : null } }
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/**
 * Where scrapes go: `announce` at the beginning of the last part of the path becomes `scrape` (BEP 48); null where it
 * does not begin so.
 */
export function scrapePathOf(path: string): string | null {
  const query = path.indexOf('?')
  const place = query === -1 ? path : path.slice(0, query)
  const slash = place.lastIndexOf('/')
  if (!place.startsWith('announce', slash + 1)) return null
  return `${path.slice(0, slash + 1)}scrape${path.slice(slash + 1 + 'announce'.length)}`
}

/** Targets of a protocol. */
export function targetForm(protocol: TargetProtocol): TextForm {
  const [scheme] = Object.keys(schemes[protocol])
  const path = protocol === 'udp' ? '' : '/announce'
  return {
    name: 'an address with a port, or a URL',
    examples: ['127.0.0.1:3000', `${scheme}://tracker.example:6969${path}`, `${scheme}://[::1]:3000${path}`],
    pattern: '^\\s*([A-Za-z][A-Za-z0-9+.-]*://)?[^\\s/?#][^\\s]*\\s*$',
    problemOf: text => {
      const parsed = parseTarget(text, protocol)
      return 'problem' in parsed ? parsed.problem : undefined
    },
  }
}

/** Of a text that the configuration has checked. */
export function targetOf(text: string, protocol: TargetProtocol): TargetText {
  const parsed = parseTarget(text, protocol)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.target
}

/** True for a text that is an address and no name. */
export function isNumeric(host: string): boolean {
  return parseSocketAddress(host.includes(':') ? `[${host}]:1` : `${host}:1`) !== undefined
}

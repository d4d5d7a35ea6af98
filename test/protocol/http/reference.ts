// The HTTP codec once more, in the plainest way: latin1 text, split and regular expressions. Slow, and easy to check by
// reading; the differential test compares both. Nothing here comes from src.

import type { PlainAnnounce, PlainHead, PlainScrape, PlainTarget } from './requests.js'

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const requestLine = new RegExp(`^(${token}) ([^\\x00-\\x1f]*) HTTP/(\\d)\\.(\\d)$`)
const headerLine = new RegExp(`^(${token}):([^\\0\\r]*)$`)

const bad: PlainHead = { status: 400 }
const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')

/** @param maxBytes of the head */
export function referenceHead(all: string, maxBytes: number, wanted: readonly string[]): PlainHead {
  const blank = /^[\r\n]*/.exec(all)![0]
  if (/\r[^\n]/.test(all.slice(0, blank.length + 1)) || blank.length > 16) return bad
  const text = all.slice(blank.length)
  const end = /\n\r?\n/.exec(text)
  if (end === null) return { status: 0 }
  const headBytes = blank.length + end.index + end[0].length
  if (headBytes > maxBytes) return { status: 431 }

  const [first, ...others] = text
    .slice(0, end.index)
    .split('\n')
    .map(line => line.replace(/\r$/, ''))
  const match = requestLine.exec(first!)
  if (match === null) return bad
  const [, method, rawTarget, major, minor] = match
  if (major !== '1' || Number(minor) > 1) return { status: 505 }
  const target = rawTarget!.replace(/^ +| +$/g, '')
  if (target === '') return bad

  const allHeaders: [string, string][] = []
  for (const line of others) {
    const header = headerLine.exec(line)
    if (header === null) return bad
    allHeaders.push([header[1]!.toLowerCase(), trimmed(header[2]!)])
    if (allHeaders.length > 128) return { status: 431 }
    if (!contentLengthsAgree(allHeaders)) return bad
  }
  return judge(allHeaders, { status: 1, target, headBytes, minorVersion: Number(minor) }, method!, wanted)
}

const valuesOf = (headers: readonly [string, string][], name: string): string[] =>
  headers.filter(([other]) => other === name).map(([, value]) => value)

function contentLengthsAgree(headers: readonly [string, string][]): boolean {
  const lengths = valuesOf(headers, 'content-length')
  // Numbers of more than 15 digits are all the same: too large.
  const numbers = lengths.map(text => (text.length > 15 ? Number.MAX_SAFE_INTEGER : Number(text)))
  return lengths.every(text => /^\d+$/.test(text)) && new Set(numbers).size <= 1
}

function judge(
  headers: readonly [string, string][],
  head: PlainHead,
  method: string,
  wanted: readonly string[],
): PlainHead {
  const lengths = valuesOf(headers, 'content-length')
  const isChunked = valuesOf(headers, 'transfer-encoding').length > 0
  if (isChunked && lengths.length > 0) return bad
  if (method !== 'GET' && method !== 'HEAD') return { status: 405 }
  if (isChunked) return { status: 411 }
  const bodyBytes = Number(lengths[0] ?? 0)
  if (bodyBytes > 16_384) return { status: 413 }
  const words = valuesOf(headers, 'connection')
    .flatMap(value => value.split(','))
    .map(word => trimmed(word).toLowerCase())
  const names = wanted.map(name => name.toLowerCase()).filter(name => valuesOf(headers, name).length > 0)
  return {
    ...head,
    method: method === 'GET' ? 1 : 2,
    keepAlive: !words.includes('close') && (head.minorVersion === 1 || words.includes('keep-alive')),
    connectionUpgrade: words.includes('upgrade'),
    bodyBytes,
    headers: Object.fromEntries(names.map(name => [name, valuesOf(headers, name)])),
  }
}

export function referenceTarget(target: string): PlainTarget {
  const [beforeQuery, ...rest] = target.split('?')
  const query = rest.join('?')
  const path = beforeQuery!.replace(/ +$/, '').replace(/^[^:/][^:]*:\/\/[^/]*/, '')
  const segments = path.split('/').filter(segment => segment !== '')
  const word = (segment: string): string | undefined => /^(announce|scrape)(\.php)?$/.exec(segment)?.[1]
  const pages: Record<string, string> = {
    health: 'health',
    stats: 'statistics',
    metrics: 'metrics',
    'robots.txt': 'robots',
  }
  const [first = '', second = ''] = segments
  if (segments.length > 2) return { route: 'unknown', key: '', query }
  if (segments.length === 0) return { route: 'root', key: '', query }
  if (segments.length === 1) {
    const page = Object.hasOwn(pages, first) ? pages[first] : undefined
    return { route: word(first) ?? page ?? 'unknown', key: '', query }
  }
  if (word(first) !== undefined) return { route: word(first)!, key: second, query }
  if (word(second) !== undefined) return { route: word(second)!, key: first, query }
  return { route: 'unknown', key: '', query }
}

/** Parameters with `=`, in order. Only those named may hold a `?`; elsewhere it separates as `&` does. */
function parametersOf(query: string, identifiers: readonly string[]): [string, string][] {
  const parameters: [string, string][] = []
  for (const piece of query.split('&')) {
    let rest = piece
    while (rest !== '') {
      const [whole, key, separator] = /^([^=?]*)([=?]?)/s.exec(rest)!
      rest = rest.slice(whole.length)
      if (separator !== '=') continue
      const value = identifiers.includes(key!) ? rest : rest.split('?')[0]!
      parameters.push([key!, value])
      rest = rest.slice(value.length).replace(/^\?/, '')
    }
  }
  return parameters
}

/** The 20 bytes, or undefined. */
function identifierOf(value: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) return undefined
  const decoded = value.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return decoded.length === 20 ? decoded : undefined
}

export function referenceAnnounce(query: string): PlainAnnounce {
  const values = new Map(parametersOf(query, ['info_hash', 'peer_id']))
  const infoHash = values.get('info_hash')
  if (infoHash === undefined) return { status: 1 }
  if (identifierOf(infoHash) === undefined) return { status: 2 }
  const port = values.get('port') ?? ''
  if (port === '') return { status: 3 }
  if (!/^\d+$/.test(port) || Number(port) > 65_535) return { status: 4 }
  const peerId = values.get('peer_id')
  if (peerId !== undefined && identifierOf(peerId) === undefined) return { status: 5 }
  const numwant = values.get('numwant') ?? ''
  const events = ['completed', 'started', 'stopped']
  return {
    status: 0,
    infoHash: identifierOf(infoHash)!,
    peerId: peerId === undefined ? '' : identifierOf(peerId)!,
    port: Number(port),
    leftIsZero: /^0+$/.test(values.get('left') ?? ''),
    event: events.indexOf(values.get('event') ?? '') + 1,
    numwant: /^\d+$/.test(numwant) ? Math.min(Number(numwant), 65_535) : -1,
    compact: values.get('compact') !== '0',
    noPeerId: (values.get('no_peer_id') ?? '0') !== '0',
  }
}

export function referenceScrape(query: string, limit: number): PlainScrape {
  const values = parametersOf(query, ['info_hash'])
    .filter(([key]) => key === 'info_hash')
    .map(([, value]) => identifierOf(value))
  if (values.includes(undefined)) return { status: 2 }
  if (values.length === 0) return { status: 1 }
  const hashes = [...new Set(values.slice(0, limit) as string[])].sort()
  return { status: 0, hashes, total: values.length, cut: Math.max(0, values.length - limit) }
}

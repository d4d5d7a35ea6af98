// What a request target asks for: a route, a key as private trackers put it into the path, and the query.

import { Byte, isWord, latin1Bytes } from './ascii.js'

// Own names for what is imported: an imported one is loaded anew at every use, here at every byte, which took a quarter
// more time (benchmarks/http/codec.ts).
const { colon, question, slash, space } = Byte

export const Route = {
  unknown: 0,
  announce: 1,
  scrape: 2,
  root: 3,
  health: 4,
  robots: 5,
  statistics: 6,
  metrics: 7,
} as const

/** A decoded target. Reused; spans are offsets into the input, empty ones have start = end. */
export class RequestTarget {
  /** A `Route`. */
  route: number = Route.unknown
  /** The segment beside `announce` or `scrape`. */
  keyStart = 0
  keyEnd = 0
  /** Everything behind the first `?`. */
  queryStart = 0
  queryEnd = 0
}

/** Words that take a key before or behind them. Clients make the second by replacing `announce` in an announce URL. */
const trackerWords: readonly (readonly [word: Uint8Array, route: number])[] = [
  [latin1Bytes('announce'), Route.announce],
  [latin1Bytes('scrape'), Route.scrape],
  [latin1Bytes('announce.php'), Route.announce],
  [latin1Bytes('scrape.php'), Route.scrape],
]

/** Words that are the whole path. */
const pageWords: readonly (readonly [word: Uint8Array, route: number])[] = [
  [latin1Bytes('health'), Route.health],
  [latin1Bytes('stats'), Route.statistics],
  [latin1Bytes('metrics'), Route.metrics],
  [latin1Bytes('robots.txt'), Route.robots],
]

const SCHEME_END = latin1Bytes('://')

/**
 * Decodes input[start, end) into `target`. Repeated and trailing slashes do not count, nor do spaces before the query
 * (`GET /announce ?info_hash=…`); an absolute URL (RFC 9112 section 3.2.2) loses its scheme and host.
 * Escapes in the path are not decoded: no client escapes letters.
 * @returns the `Route`, which is the target's too
 */
export function decodeTarget(input: Uint8Array, start: number, end: number, target: RequestTarget): number {
  let pathEnd = start
  while (pathEnd < end && input[pathEnd] !== question) pathEnd++
  target.queryStart = Math.min(end, pathEnd + 1)
  target.queryEnd = end
  target.keyStart = 0
  target.keyEnd = 0
  while (pathEnd > start && input[pathEnd - 1] === space) pathEnd--

  const firstStart = skipSlashes(input, skipOrigin(input, start, pathEnd), pathEnd)
  const firstEnd = findSlash(input, firstStart, pathEnd)
  const secondStart = skipSlashes(input, firstEnd, pathEnd)
  const secondEnd = findSlash(input, secondStart, pathEnd)
  const isLonger = skipSlashes(input, secondEnd, pathEnd) < pathEnd
  target.route = Route.unknown
  if (isLonger) return Route.unknown
  if (firstStart === pathEnd) target.route = Route.root
  else if (secondStart === pathEnd) target.route = routeOfSegment(input, firstStart, firstEnd)
  else decodeKeyed(input, firstStart, firstEnd, secondStart, secondEnd, target)
  return target.route
}

function routeOfSegment(input: Uint8Array, start: number, end: number): number {
  const route = routeOf(trackerWords, input, start, end)
  return route === Route.unknown ? routeOf(pageWords, input, start, end) : route
}

/** `/announce/KEY` and `/KEY/announce`. */
function decodeKeyed(
  input: Uint8Array,
  firstStart: number,
  firstEnd: number,
  secondStart: number,
  secondEnd: number,
  target: RequestTarget,
): void {
  target.route = routeOf(trackerWords, input, firstStart, firstEnd)
  if (target.route !== Route.unknown) {
    target.keyStart = secondStart
    target.keyEnd = secondEnd
    return
  }
  target.route = routeOf(trackerWords, input, secondStart, secondEnd)
  if (target.route === Route.unknown) return
  target.keyStart = firstStart
  target.keyEnd = firstEnd
}

function routeOf(words: typeof trackerWords, input: Uint8Array, start: number, end: number): number {
  for (let index = 0; index < words.length; index++) {
    if (isWord(input, start, end, words[index][0])) return words[index][1]
  }
  return Route.unknown
}

/** Passes over `http://host`. */
function skipOrigin(input: Uint8Array, start: number, end: number): number {
  if (start < end && input[start] === slash) return start
  const schemeEnd = findByte(input, start, end, colon)
  const hostStart = Math.min(end, schemeEnd + SCHEME_END.length)
  const hasScheme = schemeEnd > start && isWord(input, schemeEnd, hostStart, SCHEME_END)
  return hasScheme ? findSlash(input, hostStart, end) : start
}

function skipSlashes(input: Uint8Array, at: number, end: number): number {
  while (at < end && input[at] === slash) at++
  return at
}

function findSlash(input: Uint8Array, at: number, end: number): number {
  return findByte(input, at, end, slash)
}

function findByte(input: Uint8Array, at: number, end: number, byte: number): number {
  while (at < end && input[at] !== byte) at++
  return at
}

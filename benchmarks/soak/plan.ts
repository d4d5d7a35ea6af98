// What a soak run does in a given time: lengths that follow from it, and the load. Pure.
//
// The swarm has to reach its steady size well before the judged part begins, and every kind of state that the
// tracker forgets by age has to be forgotten many times over in it. So ages are a twentieth of the run.
import type { FlagTable } from '../support/flags.js'
import { parseNumber, text } from '../support/flags.js'
import { UsageError } from '../support/program.js'

/** One load generator, started anew for each slice with other torrents and peers. */
export interface StreamPlan {
  readonly name: StreamName
  readonly protocol: 'udp' | 'http' | 'ws'
  /** Requests per second, of all kinds that the generator plans. */
  readonly rate: number
  /** Its flags, but for the target, the rate, the seed and the duration. */
  readonly flags: readonly string[]
}

export const streamNames = ['udp', 'http', 'http-close', 'ws'] as const
export type StreamName = (typeof streamNames)[number]

/** Lengths in seconds. */
export interface SoakPlan {
  readonly durationSeconds: number
  readonly sampleSeconds: number
  /** Not judged, from the start of the load: compilers, heaps and the swarm reach their size. */
  readonly settleSeconds: number
  /** How long a load generator runs before its clients vanish and others come. */
  readonly sliceSeconds: number
  /** The tracker's `cleaning.max_peer_age`. */
  readonly peerAgeSeconds: number
  readonly cleaningSeconds: number
  readonly seed: number
  readonly streams: readonly StreamPlan[]
}

const defaultDurationSeconds = 600
const shortestSeconds = 60
const longestSeconds = 7 * 24 * 3600
const settleShare = 0.2
const longestSettleSeconds = 600
/** The heaps of the tracker's threads grow for some four minutes, as long as their first full collections take. */
const heapSettleSeconds = 240
const mostSettleShare = 0.5
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

const streams: readonly StreamPlan[] = [
  {
    name: 'udp',
    protocol: 'udp',
    rate: 2000,
    // Connection ids are asked for as often as real clients do; the load test's default is one for each announce.
    flags: ['--mix', '0:50:1', '--torrents', '20000', '--peers', '60000', '--sockets', '16'],
  },
  {
    name: 'http',
    protocol: 'http',
    rate: 500,
    flags: ['--torrents', '5000', '--peers', '15000', '--connections', '64', '--mix', '50:1'],
  },
  {
    name: 'http-close',
    protocol: 'http',
    rate: 100,
    flags: ['--torrents', '2000', '--peers', '3000', '--connections', '64', '--no-keep-alive'],
  },
  {
    name: 'ws',
    protocol: 'ws',
    rate: 100,
    flags: ['--torrents', '60', '--connections', '300', '--offers', '3', '--mix', '50:1'],
  },
]

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

/** `60` (minutes), `90s`, `15m` or `2h` in seconds; throws UsageError for anything else, or out of range. */
export function parseDuration(given: string): number {
  const found = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(given)
  const seconds = found === null ? Number.NaN : Number(found[1]) * unitSeconds[found[2] || 'm']!
  if (seconds >= shortestSeconds && seconds <= longestSeconds) return Math.round(seconds)
  throw new UsageError(`${given}: give minutes (60), or 90s, 15m, 2h; from 60s to 168h`)
}

/** The plan of a run of so many seconds. */
export function planSoak(durationSeconds: number, seed: number): SoakPlan {
  const peerAgeSeconds = Math.round(clamp(durationSeconds / 20, 12, 120))
  return {
    durationSeconds,
    sampleSeconds: clamp(durationSeconds / 60, 2, 10),
    settleSeconds: Math.min(
      Math.max(durationSeconds * settleShare, Math.min(heapSettleSeconds, durationSeconds * mostSettleShare)),
      longestSettleSeconds,
    ),
    sliceSeconds: Math.round(clamp(durationSeconds / 20, 10, 60)),
    peerAgeSeconds,
    cleaningSeconds: Math.max(2, Math.round(peerAgeSeconds / 6)),
    seed,
    streams,
  }
}

/** The words and flags of the command line. */
export interface SoakOptions {
  readonly durationSeconds: number
  readonly seed: number
  readonly out: string | undefined
  /** Where samples are kept as they come. */
  readonly directory: string | undefined
  /** A directory of an earlier run, to write its report again. */
  readonly from: string | undefined
}

export const soakUsage = `[DURATION]              minutes (10), or 90s, 15m, 2h
  --out PATH              the report as Markdown (stdout)
  --directory DIR         samples as JSON lines, written as they come (a new one in the system's)
  --from DIR              no run: judge and report what lies there, also of an interrupted run
  --seed N                torrents, peers and instants (1)
`

export const soakFlags: FlagTable = {
  out: text,
  directory: text,
  from: text,
  seed: { ...text, default: '1' },
}

/** Reads flags and words that were told apart; throws UsageError. */
export function readSoakOptions(
  flags: Readonly<Record<string, string | undefined>>,
  words: readonly string[],
): SoakOptions {
  if (words.length > 1) throw new UsageError(`${words.slice(1).join(' ')}: there is one word, the duration`)
  const [duration] = words
  return {
    durationSeconds: duration === undefined ? defaultDurationSeconds : parseDuration(duration),
    seed: parseNumber('seed', flags['seed']!, 0, true),
    out: flags['out'],
    directory: flags['directory'],
    from: flags['from'],
  }
}

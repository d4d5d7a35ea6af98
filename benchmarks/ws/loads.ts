// The loads over WebSocket: announces without offers, made by the yardstick, and offers that are answered.
import { parseLoadOutput } from '../http/yardstick.js'
import { buildPrograms, findYardstick } from '../support/yardstick.js'

/** What one run of a load counted. With offers, responses are the offers and answers that arrived. */
export interface LoadResult {
  readonly responses: number
  readonly seconds: number
  readonly responsesPerSecond: number
  /** Failure reasons that were received. */
  readonly failed: number
  /** Present for offers only. */
  readonly relay?: RelayCounts
}

/** What a load with offers counts besides. */
export interface RelayCounts {
  readonly announces: number
  readonly offers: number
  readonly answers: number
  /** Announces that were given up on: an offer of theirs, its answer or the response was lost, or late. */
  readonly unanswered: number
}

export type LoadName = 'announce' | 'tls' | 'offers-1k' | 'offers-10k'

/** One way of asking, from `connections` WebSockets. */
export interface Load {
  readonly name: LoadName
  readonly title: string
  readonly isTls: boolean
  readonly program: 'load-ws' | 'load-tls' | 'offers-load'
  readonly connections: number
}

export const loads: readonly Load[] = [
  {
    name: 'announce',
    title: 'Announces without offers, 64 connections',
    isTls: false,
    program: 'load-ws',
    connections: 64,
  },
  {
    name: 'tls',
    title: 'Announces without offers over TLS 1.3, 64 connections',
    isTls: true,
    program: 'load-tls',
    connections: 64,
  },
  {
    name: 'offers-1k',
    title: 'Ten offers in each announce, all answered, 1,000 connections',
    isTls: false,
    program: 'offers-load',
    connections: 1000,
  },
  {
    name: 'offers-10k',
    title: 'Ten offers in each announce, all answered, 10,000 connections',
    isTls: false,
    program: 'offers-load',
    connections: 10_000,
  },
]

/** Reads what a load generator prints; throws without its closing line. */
export function parseResult(output: string): LoadResult {
  const { responses, seconds, responsesPerSecond, failed } = parseLoadOutput(output)
  const result = { responses, seconds, responsesPerSecond, failed }
  const countOf = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(output)?.[1] ?? Number.NaN)
  const [announces, offers, answers] = [countOf('announces'), countOf('offers'), countOf('answers')]
  if (Number.isNaN(announces)) return result
  return { ...result, relay: { announces, offers, answers, unanswered: countOf('unanswered') } }
}

/** Builds the yardstick's programs for the loads into `outputDirectory`; `flag` may name their sources. */
export function buildLoads(
  flag: string | undefined,
  repository: string,
  outputDirectory: string,
  chosen: readonly Load[],
): ReadonlyMap<Load['program'], string> {
  const programs = [...new Set(chosen.map(load => load.program))].filter(name => name !== 'offers-load')
  if (programs.length === 0) return new Map()
  const directory = findYardstick(flag, repository, 'load-ws.c')
  const paths = buildPrograms(directory, outputDirectory, programs)
  return new Map(programs.map((program, index) => [program, paths[index]!]))
}

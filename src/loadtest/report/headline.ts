// What a result says in a sentence, for table and page alike; and what it must not say where it is void.

import { plannedKindsOf } from '../kinds.js'
import type { LoadPlan } from '../plan.js'
import { pacingText } from '../plan-text.js'
import type { KindFigures, LatencyFigures, LoadTestResult } from '../result.js'
import { durationText, latencyText, shareText, threeDigits, wholeNumber } from './number-text.js'

/** Whether figures may be read as the tracker's. */
export function isValid({ verdict }: LoadTestResult): boolean {
  return verdict === 'valid'
}

/** One or two sentences. */
export function headline(result: LoadTestResult): string {
  const { url } = result.plan.target
  if (result.verdict === 'no-answers') {
    return result.measuredSeconds > 0 ? `${url} answered nothing.` : `Nothing was measured at ${url}.`
  }
  if (result.verdict === 'generator-bound') {
    return `The load test was the limit, not ${url}: its figures say nothing about the tracker and are left out.`
  }
  const kind = leadingKind(result)
  const latency = leadingLatency(kind)
  const p99 = latencyText(latency, latency.p99Us, result.plan.timeoutMs)
  return (
    `${url} answered ${wholeNumber(totalRate(result))} requests per second: ` +
    `${kind.kind} p99 ${p99}, loss ${shareText(totalLoss(result))}.${searchText(result)}`
  )
}

const protocolNames = { udp: 'UDP', http: 'HTTP', ws: 'WebTorrent' } as const

/** What to do where a result is void and its warnings can't know it; null elsewhere. */
export function advice({ verdict, plan, kinds, measuredSeconds }: LoadTestResult): string | null {
  if (verdict === 'generator-bound') return 'Use more workers, a lower rate, or another machine.'
  if (verdict !== 'no-answers' || measuredSeconds <= 0) return null
  if (kinds.some(({ outcomes }) => outcomes.refused > 0))
    return 'It refused what it was asked: its words are below.'
  const { url, address, port } = plan.target
  return `Is there a tracker at ${url} (${address}, port ${port}), and does it speak ${protocolNames[plan.protocol]}? aquatic serve ${plan.protocol} starts one.`
}

/** `Interrupted: measured 12.3 s of 60 s.`; null where it was not. */
export function interruptedText({ isInterrupted, measuredSeconds, plan }: LoadTestResult): string | null {
  if (!isInterrupted) return null
  const { measureSeconds } = plan.phases
  const planned = Number.isFinite(measureSeconds) ? ` of ${measureSeconds} s` : ''
  return `Interrupted: measured ${threeDigits(measuredSeconds)} s${planned}.`
}

/** The shape of the load, which is part of every figure. */
export function shapeText(plan: LoadPlan, measuredSeconds: number): string {
  const { protocol, engine, workers, connectionsPerWorker, population, seed, timeoutMs } = plan
  const what = protocol === 'udp' ? 'socket' : 'connection'
  return [
    pacingText(plan.pacing, plan),
    `${threeDigits(measuredSeconds)} s measured`,
    `engine ${engine}`,
    `${plural(workers, 'worker')} with ${plural(connectionsPerWorker, what)}${workers === 1 ? '' : ' each'}`,
    ...connectionText(plan),
    `mix ${mixText(plan)}`,
    plural(population.torrents, 'torrent'),
    ...(protocol === 'ws' ? [] : [plural(population.peers, 'peer')]),
    `time limit ${durationText(timeoutMs * 1000)}`,
    `seed ${seed}`,
  ].join(', ')
}

function connectionText({ protocol, http }: LoadPlan): string[] {
  if (protocol !== 'http') return []
  if (!http.keepsAlive) return ['one connection per request']
  return http.requestsPerConnection === 0
    ? ['kept alive']
    : [`kept alive for ${plural(http.requestsPerConnection, 'request')}`]
}

function mixText({ protocol, mix, ws }: LoadPlan): string {
  const kinds = [
    ...(protocol === 'udp' ? [['connect', mix.connect] as const] : []),
    ['announce', mix.announce] as const,
    ['scrape', mix.scrape] as const,
  ]
  const offers = protocol === 'ws' ? ` with ${plural(ws.offersPerAnnounce, 'offer')}` : ''
  return kinds.map(([kind, weight]) => `${kind} ${weight}${kind === 'announce' ? offers : ''}`).join(' ')
}

/** `1 worker`, `2,000 workers` */
export function plural(count: number, noun: string): string {
  return `${wholeNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}

function searchText({ search }: LoadTestResult): string {
  if (search === null) return ''
  return search.ratePerSecond === null
    ? ' No rate was found that keeps the objectives.'
    : ` The highest rate found that keeps the objectives is ${wholeNumber(search.ratePerSecond)} per second.`
}

/** The kind asked most of what was asked of the tracker, connects aside. */
function leadingKind(result: LoadTestResult): KindFigures {
  const others = askedKinds(result).filter(({ kind }) => kind !== 'connect')
  const candidates = others.some(kind => requestsOf(kind) > 0) ? others : result.kinds
  return candidates.reduce((most, kind) => (requestsOf(kind) > requestsOf(most) ? kind : most))
}

/** Response time where there is one: waiting for a slow answer is in it. */
export function leadingLatency({ response, service }: KindFigures): LatencyFigures {
  return response ?? service
}

export function requestsOf({ outcomes }: KindFigures): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0)
}

type Totalled = Pick<LoadTestResult, 'kinds' | 'plan'>

function askedKinds({ kinds, plan }: Totalled): readonly KindFigures[] {
  return kinds.filter(({ kind }) => plannedKindsOf(plan).includes(kind))
}

export function totalRate(result: Totalled): number {
  return askedKinds(result).reduce((sum, { answersPerSecond }) => sum + answersPerSecond, 0)
}

export function totalLoss(result: Totalled): number {
  const kinds = askedKinds(result)
  const requests = kinds.reduce((sum, kind) => sum + requestsOf(kind), 0)
  const answered = kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
  return requests === 0 ? 0 : (requests - answered) / requests
}

// Objectives as they are written: `announce.p99<5ms`, `loss<0.1%`, `rate>=50k`. What they are judged by is elsewhere.

import { parseQuantity, rateSuffixes, type Suffixes, shareSuffixes } from './quantity.js'
import type { TextForm } from './schema.js'
import { nearest } from './suggest.js'

export type Comparison = '<' | '<=' | '>' | '>='

export type Metric =
  /** `share` is 0.99 for p99. `clock` null: from the planned instant where there is one, else from the sending. */
  | { readonly name: 'percentile'; readonly share: number; readonly clock: Clock | null }
  | { readonly name: 'mean'; readonly clock: Clock | null }
  /** Part of the requests that was not answered. */
  | { readonly name: 'loss' }
  /** Requests with an answer that is none, or that could not be made; those without any answer are in `loss` alone. */
  | { readonly name: 'errors' }
  /** Answers per second. */
  | { readonly name: 'rate' }
  /** Answers that `verify` found wrong. */
  | { readonly name: 'wrong' }

export type Clock = 'response' | 'service'

export interface Objective {
  readonly text: string
  /** Null: everything that is asked of the tracker, together. */
  readonly kind: string | null
  readonly metric: Metric
  readonly comparison: Comparison
  /** Microseconds, a share from 0 to 1, a count, or answers per second. */
  readonly limit: number
}

/** In microseconds. */
const latencySuffixes: Suffixes = { us: 1, µs: 1, ms: 1e3, s: 1e6 }
const clocks: readonly string[] = ['response', 'service']
const fixedMetrics = ['p50', 'p90', 'p99', 'p99.9', 'max', 'mean', 'loss', 'errors', 'rate', 'wrong'] as const

/** The objective, or a sentence about what is wrong with the text. @param kinds of the protocol */
export function parseObjective(
  text: string,
  kinds: readonly string[],
): { readonly objective: Objective } | { readonly problem: string } {
  const [, name, comparison, limitText] = /^\s*([a-z][\w.]*)\s*(<=|>=|<|>)\s*(\S+)\s*$/i.exec(text) ?? []
  if (name === undefined || limitText === undefined) {
    return { problem: 'Write a metric, one of <, <=, >, >=, and a limit.' }
  }
  const named = parseName(name, kinds)
  if ('problem' in named) return named
  const limit = parseLimit(named.metric, limitText)
  if (limit === undefined) return { problem: limitHint(named.metric, name) }
  const objective = { text: text.trim(), ...named, comparison: comparison as Comparison, limit }
  return { objective }
}

function parseName(
  name: string,
  kinds: readonly string[],
): { readonly kind: string | null; readonly metric: Metric } | { readonly problem: string } {
  const parts = name.split('.')
  const kind = kinds.includes(parts[0]!) ? parts.shift()! : null
  const clock = clocks.includes(parts[0] ?? '') ? (parts.shift() as Clock) : null
  const rest = parts.join('.')
  const metric = metricOf(rest, clock)
  if (metric === undefined) return { problem: unknownMetricText(name, kinds) }
  if (clock !== null && !('clock' in metric))
    return { problem: `${rest} is no latency: leave ${clock} away.` }
  if (metric.name === 'wrong' && kind !== null)
    return { problem: 'wrong counts answers of all kinds: write wrong<1.' }
  return { kind, metric }
}

function metricOf(name: string, clock: Clock | null): Metric | undefined {
  switch (name) {
    case 'max':
      return { name: 'percentile', share: 1, clock }
    case 'mean':
      return { name: 'mean', clock }
    case 'loss':
    case 'errors':
    case 'rate':
    case 'wrong':
      return { name }
    default: {
      const digits = /^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(name)?.[1]
      if (digits === undefined || Number(digits) === 0) return undefined
      return { name: 'percentile', share: Number((Number(digits) / 100).toPrecision(8)), clock }
    }
  }
}

function unknownMetricText(name: string, kinds: readonly string[]): string {
  const [first = '', ...rest] = name.split('.')
  const kind = kinds.includes(first) ? `${first}.` : ''
  const known = [...fixedMetrics, ...(kind === '' ? kinds.map(known => `${known}.${rest.join('.')}`) : [])]
  const near = nearest(kind === '' ? name : rest.join('.'), known)
  const isWhole = near !== undefined && 'metric' in parseName(`${kind}${near}`, kinds)
  if (isWhole) return `There is no metric ${name}. Did you mean ${kind}${near}?`
  return `There is no metric ${name}. Metrics are ${fixedMetrics.join(', ')}, alone or as ${kinds.join('.p99, ')}.p99.`
}

function parseLimit(metric: Metric, text: string): number | undefined {
  switch (metric.name) {
    case 'percentile':
    case 'mean':
      // A latency without a unit could be anything.
      return /\d$/.test(text) ? undefined : parseQuantity(text, latencySuffixes)
    case 'loss': {
      const share = parseQuantity(text, shareSuffixes)
      return share !== undefined && share <= 1 ? share : undefined
    }
    case 'rate':
      return parseQuantity(text, rateSuffixes)
    case 'errors':
    case 'wrong':
      return parseQuantity(text, {})
  }
}

function limitHint(metric: Metric, name: string): string {
  switch (metric.name) {
    case 'percentile':
    case 'mean':
      return `Write a time with its unit, such as ${name}<5ms or ${name}<500us.`
    case 'loss':
      return `Write a share, such as ${name}<0.1%.`
    case 'rate':
      return `Write answers per second, such as ${name}>=50k.`
    case 'errors':
    case 'wrong':
      return `Write a number, such as ${name}<1.`
  }
}

/** Objectives of a protocol with these kinds of requests. */
export function objectiveForm(kinds: readonly string[]): TextForm {
  return {
    name: 'a metric and its limit',
    examples: ['announce.p99<5ms', 'loss<0.1%', 'rate>=50k'],
    pattern: '^\\s*[A-Za-z][\\w.]*\\s*(<=|>=|<|>)\\s*\\S+\\s*$',
    problemOf: text => {
      const parsed = parseObjective(text, kinds)
      return 'problem' in parsed ? parsed.problem : undefined
    },
  }
}

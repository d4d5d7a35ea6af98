// What a tracker's metrics say about its requests: what came in, what was answered, what was counted as not answered.

import { type EndpointAddress, get, parseMetrics, type Series, sumOf } from '../support/metrics.js'
import type { Protocol } from './service.js'

export interface Account {
  readonly requests: number
  readonly responses: number
  /** Requests that parse and were not answered, with a reason that is counted. */
  readonly dropped: number
  /** `requests - responses - dropped`: those of which nobody knows what became of them. */
  readonly unexplained: number
}

/** Types of responses that answer a request; WebTorrent's offers and answers are messages passed on. */
const answering = ['connect', 'announce', 'scrape', 'page', 'error']

/** Errors that were answered although the request never came to its end, so that it counts as none. */
const answeringHalves = ['request_timeout']

/** Reasons of requests that parse; others are of what is no request, or of connections. */
const droppedRequests = ['invalid_connection_id', 'source_port_zero']

/** The metrics of this moment, or at most a second ago. */
export async function metricsOf(endpoint: EndpointAddress): Promise<Series> {
  const { status, body } = await get(endpoint)
  if (status !== 200) throw new Error(`the metrics endpoint answers with status ${status}`)
  return parseMetrics(body)
}

/** The account of one protocol; its label is missing where a tracker speaks that protocol alone. */
export function accountOf(series: Series, protocol: Protocol): Account {
  const hasLabel = [...series.keys()].some(
    key => key.includes('protocol="') && !key.startsWith('aquatic_info'),
  )
  const own = new Map([...series].filter(([key]) => !hasLabel || key.includes(`protocol="${protocol}"`)))
  const sum = (name: string, label: string, values: readonly string[]): number =>
    values.reduce((total, value) => total + sumOf(own, name, `${label}="${value}"`), 0)
  const requests = sumOf(own, 'aquatic_requests_total')
  const responses =
    sum('aquatic_responses_total', 'type', answering) - sum('aquatic_errors_total', 'class', answeringHalves)
  const dropped =
    sum('aquatic_dropped_requests_total', 'reason', droppedRequests) +
    sum('aquatic_errors_total', 'class', ['sends_skipped'])
  return { requests, responses, dropped, unexplained: requests - responses - dropped }
}

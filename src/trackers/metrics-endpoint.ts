// A tracker's Prometheus endpoint, from its section of the configuration: bound before the workers start, so that a
// busy port is known at once, and answering once they serve. Loads the server and prom-client only where it is on.

import { handlingTimesIn } from '../metrics/handling-time.js'
import type { TrackerSnapshot } from '../metrics/snapshot.js'
import { bindError } from '../net/bind-error.js'
import type { SocketAddress } from '../protocol/socket-address.js'
import type { TrackerEventSink } from './events.js'
import type { CertificateExpiry, ReloadCounts } from './reload.js'

/** A failure that repeats is said at most this often. */
const REPEAT_AFTER_MS = 60_000

/** The keys of `[statistics]` that it depends on. */
export interface MetricsEndpointConfig {
  /** Seconds; 0 switches all statistics off. */
  readonly interval: number
  readonly runPrometheusEndpoint: boolean
  readonly prometheusEndpointAddress: SocketAddress
  readonly prometheusPeerIdPrefixes: boolean
}

export interface MetricsSources {
  /** One for each tracker of the process. */
  readonly collect: () => readonly TrackerSnapshot[]
  /** Memory that the workers of each tracker write their handling times to, in the order of `collect`. */
  readonly handlingTimes: readonly (SharedArrayBuffer | null)[]
  /** Workers that failed and were restarted so far. */
  readonly restarts: () => number
  readonly reloads: () => readonly ReloadCounts[]
  /** Of certificates in use. */
  readonly expiries: () => readonly CertificateExpiry[]
}

/** The endpoint of one tracker. */
export interface MetricsService {
  /** From now on it answers with these figures. Says where it listens. */
  serve(sources: MetricsSources): void
  close(): Promise<void>
}

/** Whether a tracker has an endpoint, and its workers measure their time. */
export function isMetricsEndpointOn({ interval, runPrometheusEndpoint }: MetricsEndpointConfig): boolean {
  return runPrometheusEndpoint && interval !== 0
}

/** Binds. @returns undefined where there is to be none @throws AquaticError AQ_BIND_* */
export async function openMetricsEndpoint(
  config: MetricsEndpointConfig,
  onEvent: TrackerEventSink,
): Promise<MetricsService | undefined> {
  if (!isMetricsEndpointOn(config)) return undefined
  const [{ MetricsEndpoint }, { createPrometheusText }] = await Promise.all([
    import('../metrics/endpoint.js'),
    import('../metrics/prometheus.js'),
  ])
  const address = config.prometheusEndpointAddress
  const endpoint = await MetricsEndpoint.listen(address).catch((error: NodeJS.ErrnoException) => {
    throw bindError('metrics', address, error.code ?? 'unknown')
  })
  const sayFailure = atMostOnceAMinute(onEvent)
  const sayCrowd = atMostOnceAMinute(onEvent)
  const onError = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error)
    sayFailure(`the Prometheus endpoint could not answer: ${reason}`)
  }
  const onCrowded = (connectionsMax: number): void =>
    sayCrowd(
      `the Prometheus endpoint had more than ${connectionsMax} connections, so the oldest were ended. Let only ` +
        'Prometheus reach statistics.prometheus_endpoint_address.',
    )
  return {
    serve: ({ collect, restarts, reloads, expiries, handlingTimes }) => {
      const text = createPrometheusText({
        snapshots: collect,
        workerRestarts: restarts,
        reloads,
        certificates: expiries,
        handlingTimes: handlingTimes.map(memory => (memory === null ? [] : handlingTimesIn(memory))),
        withPeerIdPrefixes: config.prometheusPeerIdPrefixes,
      })
      endpoint.serve({ ...text, onError, onCrowded })
      onEvent({ event: 'listening', protocol: 'metrics', ...endpoint.address })
    },
    close: () => endpoint.close(),
  }
}

function atMostOnceAMinute(onEvent: TrackerEventSink): (text: string) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY
  return text => {
    if (performance.now() - saidAtMs < REPEAT_AFTER_MS) return
    saidAtMs = performance.now()
    onEvent({ event: 'warning', text })
  }
}

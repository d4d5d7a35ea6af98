// A tracker's figures as Prometheus text. Loads prom-client, which takes its time: import this only where the endpoint
// is on.

import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { type HandlingTime, type HandlingTimeSnapshot, handlingTimeEdgesNs } from './handling-time.js'
import { allSeries, type Labels, PEER_ID_PREFIXES, type Sample, type Series } from './prometheus-series.js'
import type { TrackerSnapshot } from './snapshot.js'

/** prom-client wakes the main thread this often to see how late it is. */
const LOOP_DELAY_RESOLUTION_MS = 50

export interface PrometheusSources {
  /** One for each tracker of the process. */
  readonly snapshots: () => readonly TrackerSnapshot[]
  /** By tracker and worker. */
  readonly handlingTimes: readonly (readonly HandlingTime[])[]
  /** Workers that failed and were restarted, since the start. */
  readonly workerRestarts: () => number
  /** For each thing that a signal reads again: how often there was a new one, and how often the old one was kept. */
  readonly reloads: () => readonly {
    readonly what: string
    readonly updated: number
    readonly kept: number
  }[]
  /** Certificates in use; none without TLS. */
  readonly certificates: () => readonly { readonly path: string; readonly validUntil: Date }[]
  /** `statistics.prometheus_peer_id_prefixes` */
  readonly withPeerIdPrefixes: boolean
}

/** Prepares all metrics. @returns the text's content type, and a function that reads and writes them all */
export function createPrometheusText(sources: PrometheusSources): {
  readonly contentType: string
  readonly render: () => Promise<string>
} {
  const registry = new Registry()
  let snapshots: readonly TrackerSnapshot[] = []
  for (const series of allSeries) {
    if (series.name === PEER_ID_PREFIXES && !sources.withPeerIdPrefixes) continue
    register(registry, series, () => samplesOf(series, snapshots))
  }
  const restarts = {
    name: 'aquatic_worker_restarts_total',
    type: 'counter',
    help: 'Workers that failed and were restarted.',
    labels: [],
  } as const
  register(registry, restarts, () => [[{}, sources.workerRestarts()]])
  const reloads = {
    name: 'aquatic_reloads_total',
    type: 'counter',
    help: 'Access lists and certificates read again, and those of them that could not be used.',
    labels: ['what', 'result'],
  } as const
  register(registry, reloads, () => sources.reloads().flatMap(reloadSamples))
  const expiries = {
    name: 'aquatic_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the certificate in use expires, in seconds since 1970.',
    labels: ['path'],
  } as const
  register(registry, expiries, () =>
    sources.certificates().map(({ path, validUntil }) => [{ path }, validUntil.getTime() / 1000]),
  )
  registerHandlingTimes(registry, sources.handlingTimes, () => snapshots)
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_RESOLUTION_MS })
  return {
    contentType: registry.contentType,
    render: async () => {
      // One look for all series, so that they agree.
      snapshots = sources.snapshots()
      return registry.metrics()
    },
  }
}

function reloadSamples({ what, updated, kept }: ReturnType<PrometheusSources['reloads']>[number]): Sample[] {
  const name = what.replaceAll(' ', '_')
  return [
    [{ what: name, result: 'updated' }, updated],
    [{ what: name, result: 'kept' }, kept],
  ]
}

/**
 * With several trackers their own figures tell them apart by a label. What they share is said once; beside the swarm of
 * BitTorrent that of WebTorrent has the label.
 */
function samplesOf({ samples, sharedBy }: Series, snapshots: readonly TrackerSnapshot[]): readonly Sample[] {
  if (snapshots.length <= 1 || sharedBy === 'process') return snapshots.slice(0, 1).flatMap(samples)
  const labelled = (snapshot: TrackerSnapshot): Sample[] =>
    samples(snapshot).map(([labels, value]) => [{ ...labels, protocol: snapshot.protocol }, value])
  if (sharedBy === undefined) return snapshots.flatMap(labelled)
  const ofBitTorrent = snapshots.filter(({ protocol }) => protocol !== 'ws').slice(0, 1)
  return [
    ...ofBitTorrent.flatMap(samples),
    ...snapshots.filter(({ protocol }) => protocol === 'ws').flatMap(labelled),
  ]
}

/** Values are absolute: at each rendering the metric forgets its old ones and takes those of the snapshot. */
function register(
  registry: Registry,
  { name, type, help, labels }: Omit<Series, 'samples'>,
  samples: () => readonly Sample[],
): void {
  const labelNames = labels.includes('protocol') ? labels : [...labels, 'protocol']
  const common = { name, help, labelNames, registers: [registry] }
  if (type === 'counter') {
    new Counter({
      ...common,
      collect() {
        this.reset()
        for (const [sampleLabels, value] of samples()) this.inc(sampleLabels, value)
      },
    })
    return
  }
  new Gauge({
    ...common,
    collect() {
      this.reset()
      for (const [sampleLabels, value] of samples()) this.set(sampleLabels, value)
    },
  })
}

/** prom-client's own histogram can only observe; this one is read from shared memory, as the registry asks for it. */
function registerHandlingTimes(
  registry: Registry,
  handlingTimes: PrometheusSources['handlingTimes'],
  snapshots: () => readonly TrackerSnapshot[],
): void {
  const name = 'aquatic_handling_seconds'
  const metric = {
    name,
    get: async () => ({
      name,
      type: 'histogram',
      help: 'Time to handle a request, from received to answer written: the mean of its batch.',
      values: handlingTimes.flatMap((times, tracker) => {
        const protocol: Labels = handlingTimes.length > 1 ? { protocol: snapshots()[tracker].protocol } : {}
        return times.flatMap((time, worker_index) =>
          histogramSamples(name, { worker_index, ...protocol }, time.snapshot()),
        )
      }),
    }),
  }
  registry.registerMetric(metric as unknown as Metric)
}

function histogramSamples(
  name: string,
  worker: Labels,
  { cumulativeCounts, count, sumNs }: HandlingTimeSnapshot,
): { metricName: string; labels: Labels; value: number }[] {
  const bucket = (le: number | string, value: number) => ({
    metricName: `${name}_bucket`,
    labels: { le, ...worker },
    value,
  })
  return [
    ...handlingTimeEdgesNs.map((edgeNs, index) => bucket(edgeNs / 1e9, cumulativeCounts[index])),
    bucket('+Inf', count),
    { metricName: `${name}_sum`, labels: worker, value: sumNs / 1e9 },
    { metricName: `${name}_count`, labels: worker, value: count },
  ]
}

// Reads the tracker's own figures from its Prometheus endpoint, and sums them up. Pure but for the request.
import type { TrackerFigures } from './record.js'

/** One line: a name, its labels, a value. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The text format of Prometheus, as far as this tracker writes it: no escapes in labels, no timestamps. */
export function parseMetrics(page: string): Series[] {
  const found: Series[] = []
  for (const line of page.split('\n')) {
    const parts = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i.exec(line)
    if (parts === null) continue
    const labels = [...(parts[2] ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key, value]) => [
      key,
      value,
    ])
    found.push({ name: parts[1]!, labels: Object.fromEntries(labels), value: Number(parts[3]) })
  }
  return found
}

/** The sum of all series of a name that have these labels; 0 where there are none. */
function sumOf(
  series: readonly Series[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels)
  return series
    .filter(one => one.name === name && wanted.every(([key, value]) => one.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

function errorsOf(series: readonly Series[]): Record<string, number> {
  const errors: Record<string, number> = {}
  for (const { name, labels, value } of series) {
    if (value === 0) continue
    const cause = name === 'aquatic_errors_total' ? labels['class'] : labels['reason']
    if (name !== 'aquatic_errors_total' && name !== 'aquatic_dropped_requests_total') continue
    const key = `${labels['protocol']}.${cause}`
    errors[key] = (errors[key] ?? 0) + value
  }
  return errors
}

/** What a sample keeps of a page of metrics; throws where the page is not the tracker's. */
export function figuresOf(page: string): TrackerFigures {
  const series = parseMetrics(page)
  if (!series.some(({ name }) => name === 'aquatic_info')) throw new Error('not the metrics of the tracker')
  const announces = (protocol: string): number =>
    sumOf(series, 'aquatic_responses_total', { type: 'announce', protocol })
  return {
    heapUsedBytes: sumOf(series, 'nodejs_heap_size_used_bytes'),
    externalBytes: sumOf(series, 'nodejs_external_memory_bytes'),
    torrents: sumOf(series, 'aquatic_swarm_torrents'),
    peers: sumOf(series, 'aquatic_peers'),
    swarmUsedBytes: sumOf(series, 'aquatic_swarm_memory_used_bytes'),
    swarmTouchedBytes: sumOf(series, 'aquatic_swarm_memory_touched_bytes'),
    connections: sumOf(series, 'aquatic_active_connections'),
    announces: { udp: announces('udp'), http: announces('http'), ws: announces('ws') },
    kernelDrops: sumOf(series, 'aquatic_kernel_drops_total'),
    restarts: sumOf(series, 'aquatic_worker_restarts_total'),
    errors: errorsOf(series),
    cleaningRounds: sumOf(series, 'aquatic_cleaning_rounds_total'),
    longestCleaningStepMs: sumOf(series, 'aquatic_cleaning_longest_step_seconds') * 1000,
  }
}

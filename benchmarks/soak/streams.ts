// The load: one `aquatic loadtest` after the other for each stream, each with torrents and peers of its own, so that
// clients vanish without a word and others come; and what is kept of their results.
import { join } from 'node:path'
import { startUnpinned } from '../support/children.js'
import type { SoakPlan, StreamPlan } from './plan.js'
import type { Slice, SliceLatency } from './record.js'
import type { Ports } from './tracker.js'

/** What is left at the end and shorter than this is not worth a process. */
const shortestSliceSeconds = 3
/** So many failures of a stream in a row, and nobody answers any more. */
const mostFailures = 3
/** Start, connections and drain of a load generator: part of its slice, not of its measurement. */
const overheadSeconds = 1.5

/** As much of the load test's document (schemas/load-test-result.json) as is read here. */
interface ResultDocument {
  readonly measuredSeconds: number
  readonly verdict: string
  readonly kinds: readonly {
    readonly kind: string
    readonly outcomes: Readonly<Record<string, number>>
    readonly service: SliceLatency & { readonly count: number }
  }[]
  readonly counts: Readonly<Record<string, number>>
  readonly remarks: readonly (readonly [text: string, count: number])[]
}

/** What a soak run keeps of a result. */
export function sliceOf(
  document: ResultDocument,
  facts: Pick<Slice, 'stream' | 'second' | 'endSecond'>,
): Slice {
  const failed: Record<string, number> = {}
  let planned = 0
  let answered = 0
  for (const { outcomes } of document.kinds) {
    for (const [outcome, count] of Object.entries(outcomes)) {
      planned += count
      if (outcome === 'answered') answered += count
      else if (count > 0) failed[outcome] = (failed[outcome] ?? 0) + count
    }
  }
  const announce = document.kinds.find(({ kind }) => kind === 'announce')
  const figures = announce?.service
  return {
    ...facts,
    measuredSeconds: document.measuredSeconds,
    verdict: document.verdict,
    planned,
    answered,
    announcesAnswered: announce?.outcomes['answered'] ?? 0,
    failed,
    surplusAnswers: document.counts['late']! + document.counts['duplicate']!,
    verified: document.counts['verified']!,
    wrong: document.counts['verifiedWrong']!,
    remarks: document.remarks,
    latency:
      figures === undefined || figures.count === 0
        ? null
        : { p50Us: figures.p50Us, p99Us: figures.p99Us, maxUs: figures.maxUs },
  }
}

/** The arguments of node for one slice. */
export function sliceArguments(
  repository: string,
  { protocol, rate, flags }: StreamPlan,
  ports: Ports,
  seed: number,
  seconds: number,
): string[] {
  const path = protocol === 'udp' ? '' : '/announce'
  return [
    join(repository, 'bin/aquatic.js'),
    'loadtest',
    protocol,
    `${protocol}://127.0.0.1:${ports[protocol]}${path}`,
    ...['--rate', String(rate), '--spacing', 'poisson', '--warmup', '0', '--workers', '1'],
    ...['--duration', seconds.toFixed(1), '--seed', String(seed), '--json', '--quiet'],
    ...flags,
  ]
}

/** What all streams share. */
export interface StreamRun {
  readonly repository: string
  readonly plan: SoakPlan
  readonly ports: Ports
  /** Seconds since the start of the load. */
  readonly clock: () => number
  readonly onSlice: (slice: Slice) => void
  /** A load generator that ended without a result: one sentence. */
  readonly onFailure: (sentence: string) => void
}

/** Runs one load generator; rejects where it leaves no result. */
async function runSlice(run: StreamRun, stream: StreamPlan, seed: number, seconds: number): Promise<Slice> {
  const { repository, ports, clock } = run
  const second = clock()
  let output = ''
  const child = startUnpinned({
    command: process.execPath,
    args: sliceArguments(repository, stream, ports, seed, seconds),
    onStdout: text => {
      output += text
    },
  })
  const end = await child.exited
  // Void results (4), and those without an answer (1), are results; errors are said as JSON too, or on stderr.
  if (!/^\{.*"kinds":/s.test(output)) {
    const words = child.stderr().trim() || output.trim()
    throw new Error(`the ${stream.name} load ${end}: ${words.slice(0, 300)}`)
  }
  return sliceOf(JSON.parse(output) as ResultDocument, { stream: stream.name, second, endSecond: clock() })
}

/** Runs slices of one stream until the time is over; rejects where several in a row fail. */
export async function runStream(run: StreamRun, stream: StreamPlan, index: number): Promise<void> {
  const { plan, clock } = run
  // Streams begin their slices at different times, so that not all clients vanish at once.
  const length = plan.sliceSeconds * (1 - index * 0.1)
  let failures = 0
  for (let slice = 0; ; slice++) {
    const left = plan.durationSeconds - clock()
    if (left < shortestSliceSeconds) return
    const seconds = left < length * 1.5 ? left : length
    const seed = (plan.seed * plan.streams.length + index) * 100_000 + slice
    try {
      run.onSlice(await runSlice(run, stream, seed, Math.max(1, seconds - overheadSeconds)))
      failures = 0
    } catch (error) {
      run.onFailure((error as Error).message)
      if (++failures === mostFailures) throw error
    }
  }
}

// Reads what V8's `--trace-gc` prints and counts it per thread. Every thread has an isolate of its own,
// named by its address.

/** One collection: which isolate, how long after that isolate's creation, and what kind. */
export interface Collection {
  readonly isolate: string
  readonly uptimeMs: number
  readonly kind: string
}

/** A collection with when its line arrived, on the benchmark's clock. */
export interface SeenCollection extends Collection {
  readonly arrivedMs: number
}

/** Collections of one thread before, and inside, the steady time. */
export interface ThreadCollections {
  readonly thread: string
  readonly warmUp: number
  readonly steady: number
  readonly steadyKinds: readonly string[]
}

/** Reads `[PID:0xISOLATE]   123 ms: Scavenge 3.2 (3.2) -> 2.8 (4.2) MB, …`; undefined for any other line. */
export function parseCollection(line: string): Collection | undefined {
  const match = /^\[\d+:(0x[0-9a-f]+)\]\s+(\d+) ms: (.+?) \d+(?:\.\d+)? \(\d+/.exec(line)
  if (match === null) return undefined
  return { isolate: match[1]!, uptimeMs: Number(match[2]), kind: match[3]! }
}

/** Splits arriving text into whole lines; the rest waits for the next piece. */
export function createLineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

/**
 * Counts per thread. Isolates are put in the order of their creation (arrival minus uptime): the main
 * thread comes first, and it always collects while it starts, so it is never missing; workers follow.
 */
export function countPerThread(
  seen: readonly SeenCollection[],
  fromMs: number,
  untilMs: number,
): ThreadCollections[] {
  const createdMs = new Map<string, number>()
  for (const { isolate, arrivedMs, uptimeMs } of seen) {
    createdMs.set(isolate, Math.min(createdMs.get(isolate) ?? Number.POSITIVE_INFINITY, arrivedMs - uptimeMs))
  }
  const isolates = [...createdMs].sort((a, b) => a[1] - b[1]).map(([isolate]) => isolate)
  return isolates.map((isolate, index) => {
    const own = seen.filter(collection => collection.isolate === isolate)
    const steady = own.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs < untilMs)
    return {
      thread: index === 0 ? 'main' : `worker ${index}`,
      warmUp: own.filter(({ arrivedMs }) => arrivedMs < fromMs).length,
      steady: steady.length,
      steadyKinds: [...new Set(steady.map(({ kind }) => kind))],
    }
  })
}

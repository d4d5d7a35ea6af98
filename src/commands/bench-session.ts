// Runs a bench with whoever shows it: a live screen, lines, or nothing.

import type { StoredHead } from '../bench/bench.js'
import type { CellResult } from '../bench/cell-result.js'
import type { Contender, Places } from '../bench/contender.js'
import type { BenchProgress } from '../bench/run.js'
import type { ResultStore } from '../bench/store.js'
import type { Reporter } from '../tui/reporter.js'
import type { BenchStage, BenchState } from './screens/bench-screen.js'

const SAMPLE_INTERVAL_MS = 250

export interface BenchSession {
  /** `aquatic bench udp` */
  readonly command: string
  readonly store: ResultStore<StoredHead>
  readonly contenders: readonly Contender[]
  readonly places: Places
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

/** Makes the measurements that are not there yet. */
export async function runShownBench(session: BenchSession): Promise<void> {
  const { store, contenders, places, reporter, signal } = session
  const [{ runBench }, { benchLine, benchSnapshot, resultLine }, { reportOf }] = await Promise.all([
    import('../bench/bench.js'),
    import('./screens/bench-screen.js'),
    import('../bench/report-of.js'),
  ])
  const { command } = session
  const startedMs = performance.now()
  const elapsedSeconds = (): number => (performance.now() - startedMs) / 1000
  let state: BenchState = {
    command,
    progress: null,
    stage: null,
    elapsedSeconds: 0,
    lengthSeconds: null,
    cells: store.head.cells,
    report: reportOf(store.head, store.results),
  }
  const show = (changes: Partial<BenchState> = {}): void => {
    state = { ...state, ...changes, elapsedSeconds: elapsedSeconds() }
    if (reporter.kind === 'screen') reporter.show(benchSnapshot(state))
  }
  // Lines say each measurement once; a screen has them in its table.
  const say = (line: string): void => {
    if (reporter.kind === 'lines') reporter.print(`${line}\n`)
  }
  const timer = setInterval(() => show(), SAMPLE_INTERVAL_MS)
  signal.addEventListener('abort', () => show({ stage: 'stopping' }), { once: true })
  try {
    await runBench(store, contenders, places, {
      onProgress: (progress: BenchProgress) => {
        const { remainingSeconds } = progress
        show({
          progress,
          lengthSeconds: remainingSeconds === null ? null : elapsedSeconds() + remainingSeconds,
        })
        say(benchLine(progress))
      },
      onStage: (stage: BenchStage) => show({ stage: signal.aborted ? 'stopping' : stage }),
      onResult: (result: CellResult) => {
        show({ stage: 'cooling down', report: reportOf(store.head, store.results) })
        say(`  ${resultLine(result)}`)
      },
      signal,
    })
  } finally {
    clearInterval(timer)
  }
}

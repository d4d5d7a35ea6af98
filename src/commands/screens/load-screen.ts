// What a load test's screen shows, from the figures of its main thread.

import type { LiveLoad } from '../../loadtest/live.js'
import { RateHistory, rateWindows } from '../../tui/history.js'
import type { ScreenSnapshot } from '../../tui/snapshot.js'

/** Remembers what a sparkline needs; one for each run. */
export class LoadScreen {
  readonly #sent = new RateHistory()
  readonly #answered = new RateHistory()

  /**
   * The snapshot to be shown; `openReporter(...).show` takes it.
   * @param nowMs a monotonic clock
   */
  of(live: LiveLoad, _nowMs = performance.now()): ScreenSnapshot {
    return {
      title: {
        command: `aquatic loadtest ${live.protocol}`,
        target: live.url,
        pacing: live.pacing,
        phase: live.phase,
      },
      progress: {
        elapsedSeconds: live.phaseSeconds,
        lengthSeconds: Number.isFinite(live.phaseLengthSeconds) ? live.phaseLengthSeconds : null,
      },
      windows: rateWindows,
      rates: [this.#sent.rate('sent', 'perSecond'), this.#answered.rate('answered', 'perSecond')],
      figures: [],
      tables: [],
      workers: live.workerProcessorShares.map((share, index) => ({ name: String(index + 1), share })),
      histogram: null,
      objectives: live.objectives,
      lists: [{ title: 'errors', kind: 'errors', entries: live.remarks }],
      notes: live.note === null ? [] : [{ text: live.note, level: null }],
    }
  }
}

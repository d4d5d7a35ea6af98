// One measurement of a UDP tracker, and how one is started.
import type { Child } from '../support/children.js'
import type { Launch } from '../support/contenders.js'
import * as support from '../support/measure.js'
import { findFreePort, waitUntilAnswering } from './probe.js'
import { type Load, type LoadResult, runLoad, type Yardstick } from './yardstick.js'

export type Measurement = support.Measurement<LoadResult>

/** Starts a tracker on its core and resolves when it answers; throws with its last words when it does not. */
export async function startTracker(
  launch: Launch,
  port: number,
  core: number,
  onStdout?: (text: string) => void,
): Promise<Child> {
  const tracker = await support.startTracker([{ ...launch, onStdout }], core, exited =>
    waitUntilAnswering(port, exited),
  )
  return tracker.children[0]!
}

/**
 * Starts the tracker, warms it up, measures one load and stops it.
 * Throws when it does not start, dies under the load (and says how) or answers nothing.
 */
export async function measure(
  bench: support.Bench & { readonly yardstick: Yardstick },
  launchOn: (port: number, directory: string) => Launch,
  load: Load,
): Promise<Measurement> {
  const port = await findFreePort()
  return support.measure(bench, {
    launch: directory => [launchOn(port, directory)],
    waitUntilAnswering: exited => waitUntilAnswering(port, exited),
    runLoad: seconds => runLoad(bench.yardstick, load, port, seconds, bench.loadCore),
  })
}

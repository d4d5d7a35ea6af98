// One measurement of an HTTP tracker.
import * as support from '../support/measure.js'
import type { Certificate, LaunchOn } from './contenders.js'
import { findFreePort, inspectAnswers, waitUntilAnswering } from './readiness.js'
import { type Load, type LoadResult, runLoad, type Yardstick } from './yardstick.js'

export type Measurement = support.Measurement<LoadResult>

/** What all measurements of a run share. */
export interface HttpBench extends support.Bench {
  readonly yardstick: Yardstick
  readonly certificate: Certificate
}

/**
 * Starts the tracker's processes, warms them up, measures one load and stops them.
 * Throws when they do not start, one dies under the load (and says how) or nothing is answered.
 */
export async function measure(bench: HttpBench, launchOn: LaunchOn, load: Load): Promise<Measurement> {
  const port = await findFreePort()
  const innerPort = await findFreePort()
  const tls = load.isTls ? bench.certificate : undefined
  return support.measure<LoadResult>(bench, {
    launch: directory => launchOn({ port, innerPort, directory, tls }),
    waitUntilAnswering: exited => waitUntilAnswering(port, load.isTls, exited),
    runLoad: async seconds => ({
      ...(await runLoad(bench.yardstick, load, port, seconds, bench.loadCore)),
      peersPerAnnounce: Number.NaN,
      bytesPerResponse: Number.NaN,
    }),
    inspect: async counts => ({ ...counts, ...(await inspectAnswers(port, load.isTls)) }),
  })
}

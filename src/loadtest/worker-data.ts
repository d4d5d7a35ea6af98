// What crosses between the main thread and the threads that make load.

import type { RunControlMemory } from './control.js'
import type { LoadPlan } from './plan.js'
import type { TallyMemory } from './tally.js'

export interface LoadWorkerData {
  readonly worker: number
  readonly plan: LoadPlan
  readonly control: RunControlMemory
  readonly tally: TallyMemory
}

/** Sent once, when the worker has ended. */
export interface LoadWorkerReport {
  readonly remarks: readonly (readonly [text: string, count: number])[]
  /** What the system granted for UDP receive buffers, the smallest; null for others. */
  readonly receiveBufferBytesGranted: number | null
  /** Datagrams its own sockets dropped; null for others. */
  readonly socketDrops: number | null
}

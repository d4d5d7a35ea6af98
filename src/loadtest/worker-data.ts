// What crosses between the main thread and the threads that make load.

import type { AquaticError } from '../errors.js'
import type { RunControlMemory } from './control.js'
import type { LoadPlan } from './plan.js'
import type { TallyMemory } from './tally.js'
import type { RelayMemoryBuffers } from './ws/relay-memory.js'

export interface LoadWorkerData {
  readonly worker: number
  readonly plan: LoadPlan
  readonly control: RunControlMemory
  readonly tally: TallyMemory
  /** WebTorrent alone: what workers know of each other's offers and answers. */
  readonly relays?: RelayMemoryBuffers
}

/** Sent while it works: a text of a refusal or an error, and how often it has come by now. */
export interface LoadWorkerRemark {
  readonly remark: readonly [text: string, count: number]
}

/** Sent once, when the worker has ended. */
export type LoadWorkerReport = LoadWorkerEnd | LoadWorkerRefusal

export interface LoadWorkerEnd {
  readonly remarks: readonly (readonly [text: string, count: number])[]
  /** What the system granted for UDP receive buffers, the smallest; null for others. */
  readonly receiveBufferBytesGranted: number | null
  /** Datagrams its own sockets dropped; null for others. */
  readonly socketDrops: number | null
}

/** The machine lacks something that the user can mend: an AquaticError as data. */
export interface LoadWorkerRefusal {
  readonly refusal: {
    readonly code: AquaticError['code']
    readonly message: string
    readonly remedy: string | undefined
  }
}

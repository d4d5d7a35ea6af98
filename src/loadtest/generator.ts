// What every generator of load is given and what it owes. A generator is one worker's whole loop: protocol and engine
// choose which; see worker.ts.
//
// In each phase of `control.phase`:
//   connect   open everything that is needed, then reportDone(worker, Phase.connect); who can't, keeps trying
//   fill      announce each peer of the population once, in a closed loop, then reportDone; skipped where plan says 0 s
//   load      closed loop: keep the window full. Open loop: send what `schedule` says is due, late or not
//             until measureEndMs
//   drain     plan nothing new: send what was planned before measureEndMs and waits for a free connection, receive;
//             reportDone when nothing is owed or awaited. What is left at `stop` has timed out
//   stop      resolve what is left, close everything, return
//
// Requests of connect and fill count too (in Period.other). A generator never throws because of what the other side
// does: it counts. It may throw where the machine fails it (no descriptors): the test then ends with that error.

import type { Accounts } from './accounts.js'
import type { RunControl } from './control.js'
import type { LoadPlan } from './plan.js'
import type { Population } from './population.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import type { RelayMemoryBuffers } from './ws/relay-memory.js'

export interface GeneratorContext {
  /** 0 to plan.workers - 1. */
  readonly worker: number
  readonly plan: LoadPlan
  readonly control: RunControl
  readonly accounts: Accounts
  readonly population: Population
  /** Draws of requests: in the order in which they are asked, so that the same seed asks the same. */
  readonly random: Random
  /** Other draws, whose number depends on when answers come: which are verified, masks, pauses. */
  readonly sideRandom: Random
  /** Of an open loop, in milliseconds from control.loadStartMs; null in a closed one. */
  readonly schedule: Schedule | null
  /** Collects texts of refusals and errors for the report: the first few different ones are kept and counted. */
  readonly remarks: Remarks
  /** WebTorrent alone: of all workers together. */
  readonly relays?: RelayMemoryBuffers
  /** UDP generators fill this in before they return: the smallest buffer granted, and what their sockets dropped. */
  readonly sockets: { receiveBufferBytesGranted: number | null; drops: number | null }
}

/** Resolves when the phase is `stop` and everything is closed. Native engines never return to the event loop before. */
export type Generator = (context: GeneratorContext) => void | Promise<void>

/** Different texts kept for each worker; others count under the last. */
const REMARKS_MAX = 20
const REMARK_CHARACTERS_MAX = 200

/** Texts and how often each came. */
export class Remarks {
  readonly #counts = new Map<string, number>()
  readonly #tell: (text: string, count: number) => void

  /** @param tell is told of a text's first, second, fourth, eighth … time, for whoever watches */
  constructor(tell: (text: string, count: number) => void = () => undefined) {
    this.#tell = tell
  }

  /** @param text one line: "announce refused: Info hash not allowed", "connect: ECONNREFUSED" */
  add(text: string): void {
    const line = text.slice(0, REMARK_CHARACTERS_MAX).replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    const key = this.#counts.has(line) || this.#counts.size < REMARKS_MAX ? line : 'other texts'
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    if ((count & (count - 1)) === 0) this.#tell(key, count)
  }

  entries(): [text: string, count: number][] {
    return [...this.#counts]
  }
}

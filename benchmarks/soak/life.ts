// What the short-lived clients of all protocols have in common: identities of their own, counts of what became of their
// announces, and how long a life is.
import type { LivesCounts } from './record.js'

/** A client and its torrent: half of all are in a torrent of their own, which comes and goes with them. */
export interface Identity {
  readonly peerId: Buffer
  readonly infoHash: Buffer
  readonly port: number
  /** Nobody else is in this torrent, so that its counts are known exactly. */
  readonly isAlone: boolean
}

/** How a life ends: with a word to the tracker, or without. */
export interface LifePlan {
  readonly identity: Identity
  /** From started to completed, and from there to the end. */
  readonly leechingMs: number
  readonly seedingMs: number
  readonly saysStopped: boolean
}

/** Counts as they grow. */
export type Counts = { -readonly [Key in keyof LivesCounts]: LivesCounts[Key] }

const sharedTorrents = 200
/** Different texts that are kept; more are counted under one name. */
const mostRemarks = 20

export function emptyCounts(): Counts {
  return { started: 0, ended: 0, announces: 0, answered: 0, failed: 0, wrong: 0 }
}

/** Errors and wrong answers by their text. */
export class Remarks {
  readonly #counts = new Map<string, number>()

  add(text: string): void {
    const isKnown = this.#counts.has(text) || this.#counts.size < mostRemarks
    const key = isKnown ? text : 'others'
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  list(): [string, number][] {
    return [...this.#counts]
  }
}

/** Waits, but not beyond the end of the run: then all lives go on to their last words at once. */
export function waitUnless(ending: AbortSignal, ms: number): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      ending.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    ending.addEventListener('abort', done, { once: true })
    if (ending.aborted) done()
  })
}

/** What a client says in its life. */
export type Word = 'started' | 'completed' | 'stopped'

/** Lives once; never rejects if `say` does not. @param say announces, and resolves when that is answered or has failed */
export async function live(
  { leechingMs, seedingMs, saysStopped }: LifePlan,
  ending: AbortSignal,
  counts: Counts,
  say: (word: Word) => Promise<void>,
): Promise<void> {
  counts.started++
  await say('started')
  await waitUnless(ending, leechingMs)
  await say('completed')
  await waitUnless(ending, seedingMs)
  if (saysStopped) await say('stopped')
  counts.ended++
}

/** Draws lives; `random` gives 0 to 1. A life is over before the tracker would forget it by age. */
export function createLifeSource(random: () => number, peerAgeSeconds: number): () => LifePlan {
  const pick = (below: number): number => Math.floor(random() * below)
  const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => pick(256)))
  const shared = Array.from({ length: sharedTorrents }, () => randomBytes(20))
  // No announce may be so old that a cleaning between it and the next one changes the counts that are looked at.
  const longestMs = peerAgeSeconds * 1000 * 0.5
  return () => {
    const isAlone = random() < 0.5
    return {
      identity: {
        peerId: Buffer.concat([Buffer.from('-SK0001-'), randomBytes(12)]),
        infoHash: isAlone ? randomBytes(20) : shared[pick(sharedTorrents)]!,
        port: 1024 + pick(60_000),
        isAlone,
      },
      leechingMs: random() * longestMs,
      seedingMs: random() * longestMs,
      saysStopped: random() < 0.7,
    }
  }
}

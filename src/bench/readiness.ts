// Waits until a contender answers as what it is asked for.

import { targetOf } from '../config/target-text.js'
import { AquaticError } from '../errors.js'
import { probeTarget } from '../loadtest/probe.js'
import type { BenchProtocol } from './contender.js'
import type { ProcessFamily } from './processes.js'

/** Trackers that take longer to start are not compared. */
const READY_LIMIT_MS = 30_000
/** The last question has time to be refused. */
const QUESTION_MIN_MS = 250
/** Between two looks: start-up times are no finer. */
const LOOK_MS = 5

export interface ReadinessOptions {
  readonly url: string
  readonly protocol: BenchProtocol
  readonly family: ProcessFamily
  /** Whether we started it: a tracker that runs elsewhere can't end before it answers. */
  readonly isOurs: boolean
  readonly limitMs?: number
  readonly signal: AbortSignal
}

/** @returns null when it answers, else a sentence why it does not */
export async function waitUntilReady(options: ReadinessOptions): Promise<string | null> {
  const { family, isOurs, signal, limitMs = READY_LIMIT_MS } = options
  const endMs = performance.now() + limitMs
  for (;;) {
    // Who takes a connection and says nothing is waited for no longer than that either.
    const limit = limitAfter(Math.max(QUESTION_MIN_MS, endMs - performance.now()))
    const problem = await askOnce({ ...options, signal: AbortSignal.any([signal, limit]) })
    if (problem === null) return null
    if (signal.aborted) return 'the bench was interrupted'
    if (isOurs && !family.isAlive) return `it ended before it answered: ${await family.ended}`
    if (performance.now() >= endMs) return `it did not answer within ${limitMs / 1000} s: ${problem}`
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}

/** Aborts when the time is over and what has come by then was taken: this process may have stood still meanwhile. */
function limitAfter(milliseconds: number): AbortSignal {
  const limit = new AbortController()
  const timeOver = AbortSignal.timeout(Math.ceil(milliseconds))
  timeOver.addEventListener('abort', () => setImmediate(() => limit.abort()))
  return limit.signal
}

async function askOnce({ url, protocol, signal }: ReadinessOptions): Promise<string | null> {
  const target = targetOf(url, protocol)
  try {
    await probeTarget({
      protocol,
      target,
      addresses: [target.host],
      tls: 'off',
      verifiesCertificate: false,
      urlSuffix: '',
      signal,
    })
    return null
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    return error.message
  }
}

// Runs a target on its seeds, on every beginning of them, and then on mutations for as long as it is told to. An input
// with an outcome that none had before is kept, and mutated in its turn.

import { mutate } from './mutate.js'
import { type FuzzTarget, type Outcome, pick, type Random, randomNumbers } from './target.js'

/** Inputs kept beside the seeds; beyond, new ones take the places of old ones. */
const KEPT_MAX = 4096
/** Seeds longer than this are cut at every so many bytes only, so that cutting takes about as many runs. */
const CUTS_MAX = 2000
/** Runs that one minimisation may take. */
const MINIMISING_RUNS_MAX = 20_000

export interface CampaignOptions {
  readonly seed: number
  /** Mutations; without end where it is not given. */
  readonly iterations?: number
  /** Asked from time to time. */
  readonly shouldStop?: () => boolean
  readonly onProgress?: (executions: number, kept: number) => void
}

export interface CampaignResult {
  readonly executions: number
  /** Different outcomes that were seen. */
  readonly outcomes: number
  readonly failure?: { readonly input: Uint8Array; readonly error: unknown }
}

/** Asks about the clock only after so many runs. */
const RUNS_BETWEEN_QUESTIONS = 64

export async function fuzz(target: FuzzTarget, options: CampaignOptions): Promise<CampaignResult> {
  const random = randomNumbers(options.seed)
  const corpus = target.seeds.map(seed => seed.subarray(0, target.bytesMax))
  const outcomes = new Set<Outcome>()
  let executions = 0
  const attempt = async (input: Uint8Array): Promise<CampaignResult['failure']> => {
    executions++
    try {
      const running = target.run(input)
      const outcome = running instanceof Promise ? await running : running
      if (!outcomes.has(outcome)) {
        outcomes.add(outcome)
        keep(corpus, target.seeds.length, input, random)
      }
      return undefined
    } catch (error) {
      return { input: await minimise(target, input), error }
    }
  }
  for (const input of beginningsOf(target.seeds)) {
    const failure = await attempt(input)
    if (failure !== undefined) return { executions, outcomes: outcomes.size, failure }
  }
  const { iterations = Number.POSITIVE_INFINITY, shouldStop, onProgress } = options
  for (let index = 0; index < iterations; index++) {
    const input = mutate(pick(random, corpus), corpus, target.dictionary, target.bytesMax, random)
    const failure = await attempt(input)
    if (failure !== undefined) return { executions, outcomes: outcomes.size, failure }
    if (index % RUNS_BETWEEN_QUESTIONS > 0) continue
    onProgress?.(executions, corpus.length)
    if (shouldStop?.() === true) break
  }
  return { executions, outcomes: outcomes.size }
}

function* beginningsOf(seeds: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const seed of seeds) {
    const step = Math.ceil(seed.length / CUTS_MAX) || 1
    for (let length = 0; length < seed.length; length += step) yield seed.subarray(0, length)
    yield seed
  }
}

function keep(corpus: Uint8Array[], seeds: number, input: Uint8Array, random: Random): void {
  const kept = new Uint8Array(input)
  if (corpus.length < seeds + KEPT_MAX) corpus.push(kept)
  else corpus[seeds + random(KEPT_MAX)] = kept
}

async function fails(target: FuzzTarget, input: Uint8Array): Promise<boolean> {
  try {
    await target.run(input)
    return false
  } catch {
    // Any failure will do: a smaller input that breaks something else is as welcome.
    return true
  }
}

/** A smaller input that fails too: pieces are left away, ever shorter ones, then bytes made plain. */
export async function minimise(target: FuzzTarget, input: Uint8Array): Promise<Uint8Array> {
  let smallest: Uint8Array = new Uint8Array(input)
  let runs = 0
  const isSmaller = async (candidate: Uint8Array): Promise<boolean> => {
    runs++
    if (runs > MINIMISING_RUNS_MAX || !(await fails(target, candidate))) return false
    smallest = candidate
    return true
  }
  for (let piece = input.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at < smallest.length; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)])
      if (!(await isSmaller(shorter))) at += piece
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    if (smallest[at] === 0x30) continue
    const plainer = new Uint8Array(smallest)
    plainer[at] = 0x30
    await isSmaller(plainer)
  }
  return smallest
}

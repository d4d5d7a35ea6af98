// What a load test of the tests ends with, on a machine that may hold it up.

import assert from 'node:assert/strict'
import { ExitCode } from '../../src/errors.js'

/** What is read here of the document of a load test. */
export interface JudgedDocument {
  readonly verdict: string
  readonly kinds: readonly { readonly outcomes: Readonly<Record<string, number>> }[]
  readonly selfCheck: { readonly lagP99Us: number | null; readonly workerWaitShares: readonly number[] }
}

/** What a load test of at most ten thousand requests per second may show without being void. */
const LAG_P99_US_MAX = 100_000
const WAIT_SHARE_MAX = 0.2
const UNSENT_SHARE_MAX = 0.01

/**
 * Whether the machine kept a load test from its schedule, as when it stands still for a tenth of a second. Such a test
 * says so and is void, which is no fault of what is tested; but one that says so has figures that show it.
 */
export function isHeldUp({ verdict, kinds, selfCheck }: JudgedDocument): boolean {
  if (verdict !== 'generator-bound') return false
  const { lagP99Us, workerWaitShares } = selfCheck
  const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)
  const planned = sumOf(kinds.flatMap(({ outcomes }) => Object.values(outcomes)))
  const unsent = sumOf(kinds.map(({ outcomes }) => outcomes['unsent'] ?? 0))
  assert.ok(
    (lagP99Us ?? 0) > LAG_P99_US_MAX ||
      Math.max(0, ...workerWaitShares) > WAIT_SHARE_MAX ||
      unsent > UNSENT_SHARE_MAX * planned,
    `void for no reason: ${unsent} of ${planned} not sent, ${JSON.stringify(selfCheck)}`,
  )
  return true
}

/** A load test that got answers ended with this exit code, or, where it was held up, with the one that says so. */
export function assertEnds(
  exitCode: number | null,
  document: JudgedDocument,
  ifValid: number = ExitCode.ok,
): void {
  const expected = isHeldUp(document) ? [ExitCode.invalid, 'generator-bound'] : [ifValid, 'valid']
  assert.deepEqual([exitCode, document.verdict], expected)
}

// What a test needs from the machine beyond Node: on a newcomer's machine it is skipped with the reason,
// where CI is set a missing program is a failure, so that nothing is silently left untested.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

/** False (and the test is skipped) unless every requirement is met; `missing` maps a reason to whether it applies. */
export function meets(t: TestContext, missing: Readonly<Record<string, boolean>>): boolean {
  const reasons = Object.keys(missing).filter(reason => missing[reason])
  if (reasons.length === 0) return true
  assert.equal(process.env['CI'] ?? '', '', `CI runs every test, but ${reasons.join(' and ')}`)
  t.skip(reasons.join(' and '))
  return false
}

/** The reason why an engine cannot run here, for tests that run against both. */
export function engineMissing(engine: 'native' | 'node'): Readonly<Record<string, boolean>> {
  const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
  return { 'the native engine runs on Linux x64 and arm64': engine === 'native' && !supported }
}

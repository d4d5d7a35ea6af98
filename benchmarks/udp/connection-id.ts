// Nanoseconds for one connection id: issue and check, IPv4 and IPv6.
// Run: node dist/benchmarks/udp/connection-id.js

import { ConnectionIds, createConnectionIdKey } from '../../src/trackers/udp/connection-id.js'

const CALLS = 3_000_000
const ROUNDS = 5

const ids = new ConnectionIds(createConnectionIdKey(), 120)
const source = Int32Array.of(0x0100007f, 2, 3, 4)

function nanosecondsPerCall(call: (index: number) => void): number {
  const started = process.hrtime.bigint()
  for (let index = 0; index < CALLS; index++) call(index)
  return Number(process.hrtime.bigint() - started) / CALLS
}

for (const family of [4, 6]) {
  let valid = 0
  const issue: number[] = []
  const check: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    issue.push(nanosecondsPerCall(index => ids.issue(family, source, 0, index)))
    const { word0, word1 } = ids
    check.push(
      nanosecondsPerCall(() => {
        if (ids.isValid(word0, word1, family, source, 0, word0)) valid++
      }),
    )
  }
  const best = (times: number[]): string => Math.min(...times).toFixed(0)
  process.stdout.write(`IPv${family}: issue ${best(issue)} ns, check ${best(check)} ns (${valid} valid)\n`)
}

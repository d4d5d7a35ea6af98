// Every parser for some seconds, from a seed that is new each time. AQUATIC_FUZZ_SEED repeats a run; `npm run fuzz` is
// for longer ones.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzz, minimise } from './campaign.js'
import { type FuzzTarget, latin1 } from './target.js'
import { targets } from './targets.js'

const seed = Number(process.env['AQUATIC_FUZZ_SEED'] ?? Date.now() % 1e9)
const scale = Number(process.env['AQUATIC_FUZZ_SCALE'] ?? 1)

/** Mutations: about five seconds each. */
const iterations: Readonly<Record<string, number>> = {
  'access-list': 10_000,
  bencode: 15_000,
  'http-request': 5000,
  'proxy-protocol': 60_000,
  'webtorrent-message': 12_000,
  'websocket-client': 12_000,
  'websocket-server': 10_000,
  toml: 500,
}
const ITERATIONS = 25_000

describe(`parsers on mutated input, seed ${seed}`, () => {
  for (const target of targets) {
    const count = Math.ceil((iterations[target.name] ?? ITERATIONS) * scale)
    it(`${target.name}: ${count} mutations`, async () => {
      const { failure, outcomes } = await fuzz(target, { seed, iterations: count })
      if (failure !== undefined) {
        const input = Buffer.from(failure.input).toString('hex')
        const command = `npm run fuzz -- ${target.name} --input ${input}`
        throw new Error(`seed ${seed}; replay: ${command}`, { cause: failure.error })
      }
      assert.ok(outcomes > 3, `no more than ${outcomes} outcomes: the seeds are not read`)
    })
  }
})

describe('the fuzzer', () => {
  const brittle: FuzzTarget = {
    name: 'brittle',
    seeds: [latin1('0123456789'.repeat(20))],
    dictionary: [latin1('BUG!')],
    bytesMax: 1000,
    run: bytes => {
      const text = Buffer.from(bytes).toString('latin1')
      assert.ok(!/BUG.*7/s.test(text))
      return text.length % 10
    },
  }

  it('finds what is broken, and makes it small', async () => {
    const { failure } = await fuzz(brittle, { seed, iterations: 100_000 })
    assert.equal(Buffer.from(failure!.input).toString('latin1'), 'BUG7')
  })

  it('takes an error that comes later for one too', async () => {
    const later: FuzzTarget = { ...brittle, run: bytes => Promise.resolve(brittle.run(bytes)) }
    assert.equal((await minimise(later, latin1('a BUG in 17 bytes'))).length, 4)
  })
})

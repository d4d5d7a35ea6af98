// Every parser for some seconds, from a seed that is new each time, and those with a state for a growth of it.
// AQUATIC_FUZZ_SEED repeats a run; `npm run fuzz` is for longer ones.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz, minimise } from './campaign.js'
import { mutate } from './mutate.js'
import { type FuzzTarget, latin1, randomNumbers } from './target.js'
import { seedFilesOf, targets } from './targets.js'

const seed = Number(process.env['AQUATIC_FUZZ_SEED'] ?? Date.now() % 1e9)
const scale = Number(process.env['AQUATIC_FUZZ_SCALE'] ?? 1)

/** Mutations: about five seconds each. */
const iterations: Readonly<Record<string, number>> = {
  'access-list': 10_000,
  bencode: 15_000,
  'forwarded-address': 10_000,
  'http-request': 5000,
  'proxy-protocol': 60_000,
  'webtorrent-answer': 15_000,
  'webtorrent-message': 12_000,
  'udp-handler': 12_000,
  'websocket-client': 12_000,
  'websocket-messages': 1000,
  'websocket-server': 10_000,
  'websocket-session': 5000,
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

describe('seeds that clients sent', () => {
  /** What comes of each where it is read to its end: of messages more than a status, of frames an echo of each. */
  const taken: Readonly<Record<string, RegExp>> = {
    'webtorrent-message': /^[0-9]+ /,
    'webtorrent-answer': /^([0-3] [01]{7} |peculiar 1$)/,
    'websocket-messages': /^1+8 true /,
    'websocket-server': /^1+8 true /,
  }
  for (const [name, outcome] of Object.entries(taken)) {
    it(`of ${name} are taken`, async () => {
      const target = targets.find(candidate => candidate.name === name)!
      const seeds = seedFilesOf(name)
      assert.ok(seeds.size > 0)
      for (const [file, bytes] of seeds) {
        assert.ok(bytes.length <= target.bytesMax, `${file} would be cut`)
        assert.match(String(await target.run(bytes)), outcome, file)
      }
    })
  }
})

/** Each input has ten datagrams or frames and more: a hundred thousand in all. */
const RUNS = 8500
const RUNS_BEFORE = 2000
/** What V8 itself may need meanwhile; one word for each datagram would be three times as much. */
const GROWTH_BYTES_MAX = 256 << 10

/** Bytes in use by what is still reachable, memory outside the heap included. */
function reachableBytes(collectGarbage: () => void): number {
  for (let round = 0; round < 3; round++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

describe(`what has a state, after a hundred thousand inputs, seed ${seed}`, () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  for (const name of ['udp-handler', 'websocket-server', 'websocket-session']) {
    it(`${name} needs no more memory than before`, async () => {
      const target = targets.find(candidate => candidate.name === name)!
      const longest = target.seeds.reduce((one, other) => (other.length > one.length ? other : one))
      const random = randomNumbers(seed)
      const runOften = async (runs: number): Promise<void> => {
        for (let run = 0; run < runs; run++) {
          await target.run(mutate(longest, target.seeds, target.dictionary, target.bytesMax, random))
        }
      }
      await runOften(RUNS_BEFORE)
      // V8 may need something once, what is kept of each input grows again.
      const growths: number[] = []
      for (let before = reachableBytes(collectGarbage); growths.length < 2; ) {
        await runOften(RUNS)
        const after = reachableBytes(collectGarbage)
        growths.push(after - before)
        if (after - before < GROWTH_BYTES_MAX) return
        before = after
      }
      assert.fail(`${growths.join(' and then ')} bytes more, each after ${RUNS} runs`)
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

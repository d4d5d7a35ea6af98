// Access lists for load tests: what is printed is what the population of the same seed asks for.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Population } from '../../src/loadtest/population.js'
import { runAquatic } from './run.js'

describe('aquatic loadtest hashes', () => {
  it('prints one hash of the population per line', async () => {
    const { stdout, exitCode } = await runAquatic(['loadtest', 'hashes', '--torrents', '1000', '--seed', '7'])
    assert.equal(exitCode, 0)
    const lines = stdout.trimEnd().split('\n')
    assert.equal(new Set(lines).size, 1000)
    const plan = {
      torrents: 1000,
      peers: 5,
      popularity: { kind: 'uniform' },
      seederShare: 0,
      scrapeTorrents: 1,
    }
    const words = new Int32Array(5)
    new Population(plan as ConstructorParameters<typeof Population>[0], 7, 1, 2).writeInfoHash(words, 0, 999)
    assert.equal(lines[999], Buffer.from(words.buffer).toString('hex'))
  })

  it('says what is missing', async () => {
    const { stderr, exitCode } = await runAquatic(['loadtest', 'hashes'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: Missing required flag torrents\n {2}try: aquatic loadtest hashes --help\n$/)
  })
})

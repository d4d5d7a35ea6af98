// Contenders that are not asked any longer, and why.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { FREE_BYTES_MIN, OUTPUT_BYTES_MAX, Overseer } from '../../src/bench/overseer.js'
import { scratchDirectory } from '../config/scratch.js'

const well = { isAlive: true, ended: Promise.resolve('ended with exit code 3'), outputBytes: 0 }
const never = new AbortController().signal

function oversee(t: TestContext, family: typeof well, directoryBytesMax?: number) {
  const directory = scratchDirectory(t)
  const limit = directoryBytesMax === undefined ? {} : { directoryBytesMax }
  // Whatever else takes memory here.
  const freeBytes = (): number => FREE_BYTES_MIN
  const overseer = new Overseer({ family, directory, signal: never, freeBytes, ...limit })
  t.after(() => overseer.stop())
  return { overseer, directory }
}

describe('overseer of a contender', () => {
  it('says nothing while all is well', async t => {
    const { overseer } = oversee(t, well)
    await overseer.look()
    assert.equal(overseer.trouble, null)
    assert.equal(overseer.signal.aborted, false)
  })

  it('ends what asks one that has ended', async t => {
    const { overseer } = oversee(t, { ...well, isAlive: false })
    await overseer.look()
    assert.deepEqual(overseer.trouble, {
      outcome: 'died',
      reason: 'it ended under the load: ended with exit code 3',
    })
    assert.equal(overseer.signal.aborted, true)
  })

  it('lets files grow to the limit, and not beyond, wherever they are in the directory', async t => {
    const { overseer, directory } = oversee(t, well, 2 ** 20)
    mkdirSync(join(directory, 'a'))
    // A directory takes a block or none itself.
    writeFileSync(join(directory, 'a', 'b'), Buffer.alloc(2 ** 20 - 65_536))
    await overseer.look()
    assert.equal(overseer.signal.aborted, false)
    writeFileSync(join(directory, 'c'), Buffer.alloc(131_072))
    await overseer.look()
    assert.equal(overseer.trouble?.reason, 'it wrote more than 1 MiB of files')
  })

  it('ends one that floods its output', async t => {
    const atLimit = oversee(t, { ...well, outputBytes: OUTPUT_BYTES_MAX }).overseer
    await atLimit.look()
    assert.equal(atLimit.trouble, null)
    const beyond = oversee(t, { ...well, outputBytes: OUTPUT_BYTES_MAX + 1 }).overseer
    await beyond.look()
    assert.match(beyond.trouble?.reason ?? '', /256 MiB to its output/)
  })

  it('ends one before it has taken all memory of the machine', async t => {
    const directory = scratchDirectory(t)
    let freeBytes = FREE_BYTES_MIN
    const overseer = new Overseer({ family: well, directory, signal: never, freeBytes: () => freeBytes })
    t.after(() => overseer.stop())
    await overseer.look()
    assert.equal(overseer.signal.aborted, false)
    freeBytes--
    await overseer.look()
    assert.match(overseer.trouble?.reason ?? '', /^less than 512 MiB of memory were left$/)
  })

  it('passes on that the bench is over', t => {
    const bench = new AbortController()
    const overseer = new Overseer({ family: well, directory: scratchDirectory(t), signal: bench.signal })
    t.after(() => overseer.stop())
    bench.abort()
    assert.equal(overseer.signal.aborted, true)
    assert.equal(overseer.trouble, null)
  })
})

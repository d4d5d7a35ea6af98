// A file written from two buffers: in order, with no more memory than that, and not for ever.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createStreamBuffers, StreamedFile, type StreamTarget } from '../../src/trackers/streamed-file.js'
import { scratchDirectory } from '../config/scratch.js'

const patienceMs = 60_000

function fill(file: StreamedFile, text: string): void {
  assert.ok(file.room >= text.length)
  file.length += Buffer.from(text).copy(file.filling, file.length)
}

/** A file that takes at most `bytes` of each write, once it is let. */
function slowTarget(bytes: number): { target: StreamTarget; text: () => string; let: () => void } {
  const waiting: (() => void)[] = []
  let text = ''
  const target = {
    write: (from: Uint8Array, at: number, length: number) =>
      new Promise(resolve => {
        waiting.push(() => {
          const bytesWritten = Math.min(bytes, length)
          text += Buffer.from(from.subarray(at, at + bytesWritten)).toString()
          resolve({ bytesWritten })
        })
      }),
    close: async () => undefined,
  }
  return { target: target as unknown as StreamTarget, text: () => text, let: () => waiting.shift()?.() }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('StreamedFile', () => {
  it('writes what was filled, in order, and appends another with or without a file of its own', async t => {
    const directory = scratchDirectory(t)
    const create = (name: string) =>
      new StreamedFile({
        buffers: createStreamBuffers(8),
        open: () => open(join(directory, name), 'wx+'),
        patienceMs,
      })
    const [file, large, small] = [create('file'), create('large'), create('small')]
    for (const text of ['abcdefgh', 'ijk', '', 'lmnop']) {
      fill(file, text)
      await file.turnOver()
    }
    for (const text of ['12345678', '90123456', '7']) {
      fill(large, text)
      await large.turnOver()
    }
    fill(small, 'xyz')
    await file.drain()
    await large.drain()
    await file.append(large)
    await file.append(small)
    await Promise.all([file.close(), large.close(), small.close(), file.close()])
    assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'abcdefghijklmnop12345678901234567xyz')
    assert.deepEqual([large.isOpened, small.isOpened], [true, false])
    await assert.rejects(file.drain(), /closed/)
  })

  it('lets whoever fills wait for the disk, and goes on after a part was written', async () => {
    const slow = slowTarget(3)
    const buffers = createStreamBuffers(8)
    const file = new StreamedFile({ buffers, open: async () => slow.target, patienceMs })
    fill(file, 'abcdefgh')
    await file.turnOver()
    fill(file, 'ijklmnop')
    let isThrough = false
    const second = file.turnOver().then(() => {
      isThrough = true
    })
    for (const text of ['', 'abc', 'abcdef']) {
      assert.equal(slow.text(), text)
      await turn()
      assert.ok(!isThrough)
      slow.let()
    }
    await second
    assert.equal(slow.text(), 'abcdefgh')
    assert.ok(buffers.first === file.filling || buffers.second === file.filling)
    const drained = file.drain()
    for (let part = 0; part < 3; part++) {
      await turn()
      slow.let()
    }
    await drained
    assert.equal(slow.text(), 'abcdefghijklmnop')
  })

  it('fails where the file system does not answer, and closes only when it has', async () => {
    const slow = slowTarget(100)
    let closed = 0
    const target = { ...slow.target, close: async () => void closed++ } as StreamTarget
    const file = new StreamedFile({
      buffers: createStreamBuffers(8),
      open: async () => target,
      patienceMs: 20,
    })
    fill(file, 'abc')
    await assert.rejects(file.drain(), /has not answered for 20 ms/)
    const closing = file.close()
    await turn()
    assert.equal(closed, 0)
    slow.let()
    await closing
    assert.equal(closed, 1)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createWorkerSignalMemory, WorkerSignals } from '../../src/trackers/worker-signals.js'

describe('worker signals', () => {
  it('a worker waits until it is released', async () => {
    const signals = new WorkerSignals(createWorkerSignalMemory(1))
    const module = new URL('../../src/trackers/worker-signals.js', import.meta.url).href
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(${JSON.stringify(module)}).then(({ WorkerSignals }) => {
        const signals = new WorkerSignals(workerData)
        parentPort.postMessage('waiting')
        signals.waitForRelease(() => false)
        parentPort.postMessage(signals.isReleased)
      })`
    const worker = new Worker(code, { eval: true, workerData: signals.memory })
    const messages: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', () => resolve())
      worker.on('message', message => {
        messages.push(message)
        if (message === 'waiting') signals.release()
      })
    })
    assert.deepEqual(messages, ['waiting', true])
  })

  it('one that is to stop does not wait for ever', () => {
    const signals = new WorkerSignals(createWorkerSignalMemory(1))
    let looks = 0
    signals.waitForRelease(() => ++looks === 3)
    assert.equal(looks, 3)
    assert.equal(signals.isReleased, false)
  })

  it('counts the beats of each worker', () => {
    const signals = new WorkerSignals(createWorkerSignalMemory(3))
    signals.beat(0)
    signals.beat(2)
    signals.beat(2)
    assert.deepEqual(signals.beats(), [1, 0, 2])
    assert.equal(signals.isReleased, false, 'beats are not in the way of the release')
  })
})

// The main thread's side of access-list-thread.ts: asks, and waits for the answer without blocking.

import { Worker } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import type { AccessListMemory } from '../swarm/access-list.js'
import type { AccessListAnswer, AccessListTask } from './access-list-thread.js'

/** One task at a time; the thread starts with the first. */
export class AccessListLoader {
  #thread: Worker | undefined

  /**
   * Reads the list at `path` into memory that nobody reads.
   * @throws AquaticError AQ_ACCESS_LIST with the reason and, where there is one, the bad line
   */
  async read(path: string, memory: AccessListMemory): Promise<void> {
    this.#thread ??= this.#start()
    const answer = await ask(this.#thread, { task: 'read', path, memory })
    if (answer.answer === 'done') return
    const { message, remedy } = answer
    throw new AquaticError('AQ_ACCESS_LIST', message, remedy === undefined ? {} : { remedy })
  }

  /** Gives the pages of memory that nobody reads back to the system, where that is possible. */
  async release(memory: AccessListMemory): Promise<void> {
    if (this.#thread !== undefined) await ask(this.#thread, { task: 'release', memory })
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./access-list-thread.js', import.meta.url), { name: 'access-list' })
    // A thread that waits for tasks keeps no process alive, and one that failed is replaced at the next task.
    thread.unref()
    thread.on('error', () => undefined)
    thread.once('exit', () => {
      this.#thread = undefined
    })
    return thread
  }
}

function ask(thread: Worker, task: AccessListTask): Promise<AccessListAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      thread.off('message', onAnswer).off('error', onError).off('exit', onExit)
      thread.unref()
      end()
    }
    const fail = (reason: string, cause?: unknown): void =>
      settle(() => {
        const message = `The thread that reads the access list failed: ${reason}.`
        reject(new AquaticError('AQ_ACCESS_LIST', message, { cause }))
      })
    const onAnswer = (answer: AccessListAnswer): void => settle(() => resolve(answer))
    const onError = (error: Error): void => fail(error.message, error)
    const onExit = (): void => fail('it ended')
    thread.on('message', onAnswer).on('error', onError).on('exit', onExit)
    thread.ref()
    thread.postMessage(task)
  })
}

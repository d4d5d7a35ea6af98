// A tracker under load, with and without a signal for a reload as soon as the last reload is done.
import { join } from 'node:path'
import type { Child } from '../support/children.js'
import { report } from '../support/program.js'
import { oursArguments } from '../udp/contenders.js'
import { startTracker } from '../udp/measure.js'
import { findFreePort } from '../udp/probe.js'
import { type LoadResult, loads, runLoad, type Yardstick } from '../udp/yardstick.js'
import { type Latencies, timeAnswers } from './closed-loop.js'
import { writeList } from './lists.js'
import { paceAnswers } from './paced.js'

const sockets = 16

export interface ReloadOptions {
  readonly repository: string
  readonly yardstick: Yardstick
  readonly directory: string
  readonly hashes: number
  readonly rounds: number
  readonly seconds: number
  /** Of the load that leaves the worker time to spare. */
  readonly ratePerSecond: number
  readonly trackerCore: number
  readonly loadCore: number
}

/** One round of one kind. */
export interface ReloadRound {
  readonly isReloading: boolean
  /** Reloads that came to their end meanwhile. */
  readonly reloads: number
  /** Closed loop, one request under way on each socket. */
  readonly latencies: Latencies
  /** Open loop, at a rate that leaves the worker time to spare. */
  readonly paced: Latencies
  /** The yardstick's load, which keeps the worker busy all the time. */
  readonly full: LoadResult
}

/** A running tracker, and signals to it. */
class Reloading {
  done = 0
  #isOn = false
  readonly #tracker: { child?: Child } = {}

  onOutput(text: string): void {
    const reports = text.split('access list updated').length - 1
    this.done += reports
    if (reports > 0 && this.#isOn) this.#signal()
  }

  attach(child: Child): void {
    this.#tracker.child = child
  }

  /** From now on there is always a reload under way. */
  begin(): void {
    this.#isOn = true
    this.#signal()
  }

  end(): void {
    this.#isOn = false
  }

  #signal(): void {
    if (this.#tracker.child !== undefined) process.kill(this.#tracker.child.pid, 'SIGUSR1')
  }
}

/** Alternating rounds on one tracker, with all its threads on one core: reloads take time from the worker itself. */
export async function measureReloads(options: ReloadOptions): Promise<ReloadRound[]> {
  const { repository, yardstick, directory, hashes, rounds, seconds, trackerCore, loadCore } = options
  const path = join(directory, 'list.txt')
  writeList(path, hashes)
  const port = await findFreePort()
  const settings = ['access_list.mode=deny', `access_list.path=${path}`]
  const launch = { command: process.execPath, args: oursArguments(repository, port, settings) }
  const reloading = new Reloading()
  const child = await startTracker(launch, port, trackerCore, text => reloading.onOutput(text))
  reloading.attach(child)
  const load = loads[0]!
  await runLoad(yardstick, load, port, seconds, loadCore)
  const results: ReloadRound[] = []
  for (let round = 0; round < 2 * rounds; round++) {
    const isReloading = round % 2 === 1
    report(`round ${round + 1} of ${2 * rounds}${isReloading ? ', with reloads' : ''}\n`)
    const before = reloading.done
    if (isReloading) reloading.begin()
    const latencies = await timeAnswers(port, sockets, seconds)
    const paced = await paceAnswers({ ...options, port, core: loadCore })
    const full = await runLoad(yardstick, load, port, seconds, loadCore)
    reloading.end()
    results.push({ isReloading, reloads: reloading.done - before, latencies, paced, full })
  }
  if (child.hasExited()) throw new Error(`the tracker ${await child.exited}: ${child.stderr().trim()}`)
  await child.stop()
  return results
}

// What a tracker tells the service manager that started it (sd_notify(3)): ready, reloading, stopping, how things are,
// and, as long as all workers make progress, that it need not be killed (WATCHDOG_USEC). Without a service manager,
// or without a way to reach it, nothing happens.

import type { TrackerEventSink } from './events.js'

/** How often STATUS says what is served. */
const STATUS_INTERVAL_MS = 10_000

/** Whatever carries messages to the manager. */
export interface NotifyChannel {
  /** @throws Error when the message can't be delivered */
  send(message: string): void
  close(): void
}

export interface WatchSources {
  /** One number for each worker that changes as long as the worker makes progress. */
  readonly beats: () => readonly number[]
  readonly nameOf: (workerIndex: number) => string
  /** Longest time between two beats of a healthy worker that has nothing to do. */
  readonly beatIntervalMs: number
  /** For STATUS, such as `3 torrents, 5 peers`. */
  readonly status: () => string
}

type Say = (text: string) => void

/** Milliseconds between two signs of life: half of what the manager waits; undefined where it does not ask. */
export function watchdogIntervalMs(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: forPid } = environment
  if (forPid !== undefined && forPid !== String(pid)) return undefined
  const value = /^\d+$/.test(microseconds ?? '') ? Number(microseconds) : 0
  if (value <= 0) return undefined
  return Math.min(Math.max(1, Math.floor(value / 2000)), 2 ** 31 - 1)
}

export class ServiceManager {
  readonly #channel: NotifyChannel | undefined
  readonly #watchdogMs: number | undefined
  readonly #say: Say
  readonly #timers: NodeJS.Timeout[] = []
  #where = ''
  #hasComplained = false

  /** @param say takes a sentence for the operator, such as a message that could not be delivered */
  constructor(channel: NotifyChannel | undefined, watchdogMs: number | undefined, say: Say) {
    this.#channel = channel
    this.#watchdogMs = watchdogMs
    this.#say = say
  }

  /** At start, with what STATUS begins with (`listening udp 0.0.0.0:3000`), and at the end of a reload without. */
  notifyReady(where = this.#where): void {
    this.#where = where
    this.#send(`READY=1\nMAINPID=${process.pid}\nSTATUS=${where}`)
  }

  /** Before a reload; `notifyReady` ends it, whether it went well or not. */
  notifyReloading(): void {
    // The manager orders its own requests by this clock (CLOCK_MONOTONIC).
    const monotonicMicroseconds = process.hrtime.bigint() / 1000n
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds}\nSTATUS=reloading`)
  }

  notifyStopping(): void {
    this.#stopTimers()
    this.#send('STOPPING=1\nSTATUS=stopping')
  }

  /** Begins to send STATUS regularly, and WATCHDOG where the manager asks for it. `close` ends it. */
  watch(sources: WatchSources): void {
    if (this.#channel === undefined) return
    const status = (): void => this.#send(`STATUS=${this.#where}; ${sources.status()}`)
    this.#timers.push(setInterval(status, STATUS_INTERVAL_MS).unref())
    const watchdogMs = this.#watchdogMs
    if (watchdogMs === undefined) return
    const workers = new Progress(sources, Math.max(watchdogMs, 2 * sources.beatIntervalMs))
    const look = (): void => {
      const { stuck, newlyStuck } = workers.look()
      if (stuck === 0) this.#send('WATCHDOG=1')
      for (const index of newlyStuck) {
        this.#say(
          `worker ${sources.nameOf(index)} makes no progress: the service manager's watchdog is not fed`,
        )
      }
    }
    this.#timers.push(setInterval(look, watchdogMs).unref())
  }

  close(): void {
    this.#stopTimers()
    this.#channel?.close()
  }

  #stopTimers(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  #send(message: string): void {
    if (this.#channel === undefined) return
    try {
      this.#channel.send(message)
      this.#hasComplained = false
    } catch (error) {
      if (this.#hasComplained) return
      this.#hasComplained = true
      this.#say(`the service manager can't be told (NOTIFY_SOCKET): ${(error as Error).message}`)
    }
  }
}

/** Which workers' beats have not changed for too long. */
class Progress {
  readonly #beats: () => readonly number[]
  readonly #patienceMs: number
  #seen: { beats: number; changedAtMs: number; isStuck: boolean }[] = []

  constructor({ beats }: WatchSources, patienceMs: number) {
    this.#beats = beats
    this.#patienceMs = patienceMs
    this.look()
  }

  /** @returns how many workers are stuck, and which of them were not at the last look */
  look(): { stuck: number; newlyStuck: readonly number[] } {
    const now = performance.now()
    const newlyStuck: number[] = []
    this.#seen = this.#beats().map((beats, index) => {
      const last = this.#seen[index]
      if (last === undefined || last.beats !== beats) return { beats, changedAtMs: now, isStuck: false }
      const isStuck = now - last.changedAtMs >= this.#patienceMs
      if (isStuck && !last.isStuck) newlyStuck.push(index)
      return { ...last, isStuck }
    })
    return { stuck: this.#seen.filter(({ isStuck }) => isStuck).length, newlyStuck }
  }
}

/** Connects to the manager that the environment names (NOTIFY_SOCKET); where that fails, says so once. */
export async function connectServiceManager(
  environment: NodeJS.ProcessEnv,
  onEvent: TrackerEventSink,
): Promise<ServiceManager> {
  const watchdogMs = watchdogIntervalMs(environment, process.pid)
  const say: Say = text => onEvent({ event: 'warning', text })
  const name = environment['NOTIFY_SOCKET']
  if (name === undefined || name === '') return new ServiceManager(undefined, watchdogMs, say)
  try {
    const { NotifySocket } = await import('../net/native/notify.js')
    return new ServiceManager(new NotifySocket(name), watchdogMs, say)
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]
    const text = `the service manager can't be told anything (NOTIFY_SOCKET=${name}): ${reason}`
    onEvent({ event: 'notice', text })
    return new ServiceManager(undefined, watchdogMs, say)
  }
}

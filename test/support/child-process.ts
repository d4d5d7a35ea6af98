// Child processes as tests need them: wait for a line they print, end them with a signal, and never leave one behind.
// Knows nothing of trackers or clients.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { TestContext } from 'node:test'

/** How a process ended, and everything it said. */
export type ProcessEnd = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What a process is tied to: a test, or `{ after }` of node:test for a whole suite. */
export type Owner = Pick<TestContext, 'after'>

export type StartOptions = {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Descriptors of this process that the program gets as 3, 4, … */
  readonly passDescriptors?: readonly number[]
}

/** An upper bound against waiting forever on a stuck machine; no test depends on its length. */
const deadlineMs = 120_000

/** Some programs log thousands of lines; their ends say why they did not get further. */
const describedCharacters = 8_000

type Waiter = { readonly check: () => void }

/** A started program. `ended` resolves once it has exited and both of its streams are closed. */
export class RunningProcess {
  readonly ended: Promise<ProcessEnd>
  readonly name: string
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly waiters = new Set<Waiter>()
  private end: ProcessEnd | undefined
  private failure: Error | undefined
  private stdout = ''
  private stderr = ''

  constructor(command: string, args: readonly string[], options: StartOptions) {
    this.name = command
    const { passDescriptors = [], ...others } = options
    const stdio = ['pipe', 'pipe', 'pipe', ...passDescriptors] as ['pipe', 'pipe', 'pipe']
    this.child = spawn(command, args, { ...others, stdio })
    this.collect(this.child.stdout, text => {
      this.stdout += text
    })
    this.collect(this.child.stderr, text => {
      this.stderr += text
    })
    // A program that ends before it has read its input breaks the pipe; its exit says what the test needs to know.
    this.child.stdin.on('error', error => {
      this.stderr += `[stdin: ${error.message}]\n`
    })
    this.child.on('error', error => {
      this.failure = error
      this.wake()
    })
    this.ended = new Promise(resolve => {
      this.child.on('close', (code, signal) => {
        this.end = { code, signal, stdout: this.stdout, stderr: this.stderr }
        resolve(this.end)
        this.wake()
      })
    })
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.child.pid
  }

  private collect(stream: Readable, append: (text: string) => void): void {
    const decoder = new StringDecoder('utf8')
    stream.on('data', (chunk: Buffer) => {
      append(decoder.write(chunk))
      this.wake()
    })
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) waiter.check()
  }

  /** The last things said so far, for the message of a failed test. */
  describe(): string {
    const state = this.end === undefined ? 'still running' : `exit ${this.end.code ?? this.end.signal}`
    const tail = (text: string): string => text.slice(-describedCharacters)
    return `${this.name} (${state})\n--- stdout\n${tail(this.stdout)}\n--- stderr\n${tail(this.stderr)}`
  }

  /** True if anything said so far on either stream matches. */
  hasSaid(pattern: RegExp): boolean {
    return pattern.test(this.stdout) || pattern.test(this.stderr)
  }

  /**
   * The first `count` complete lines of `stream` that match `pattern`, as soon as they are there.
   * Rejects with all output when the process ends first.
   */
  waitForLines(stream: 'stdout' | 'stderr', pattern: RegExp, count = 1): Promise<readonly string[]> {
    return this.waitFor(`${count} × ${pattern} on ${stream}`, () => {
      const complete = this[stream].split('\n').slice(0, -1)
      const lines = complete.filter(line => pattern.test(line))
      return lines.length >= count ? lines.slice(0, count) : undefined
    })
  }

  private waitFor<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const expiry = AbortSignal.timeout(deadlineMs)
      const fail = (why: string): void => {
        settle()
        reject(new Error(`waiting for ${what}: ${why}: ${this.describe()}`, { cause: this.failure }))
      }
      const expire = (): void => fail(`nothing after ${deadlineMs} ms`)
      const waiter: Waiter = {
        check: () => {
          const found = find()
          if (found !== undefined) {
            settle()
            resolve(found)
          } else if (this.failure !== undefined) fail(this.failure.message)
          else if (this.end !== undefined) fail('it ended')
        },
      }
      const settle = (): void => {
        this.waiters.delete(waiter)
        expiry.removeEventListener('abort', expire)
      }
      expiry.addEventListener('abort', expire)
      this.waiters.add(waiter)
      waiter.check()
    })
  }

  /** Resolves when the process has ended by itself; rejects with its output when it does not. */
  waitForEnd(): Promise<ProcessEnd> {
    return this.waitFor('the end', () => this.end)
  }

  /** Gives the program something on standard input. */
  write(text: string): void {
    this.child.stdin.write(text)
  }

  /** Closes standard input: what a program that reads commands takes as "that was all". */
  endInput(): void {
    this.child.stdin.end()
  }

  /** Sends `signal` without waiting for anything. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Sends `signal` (nothing happens if the process is gone) and waits until it has ended. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    this.child.kill(signal)
    return this.waitForEnd()
  }

  /** Ends the process now, whatever it is doing. */
  async destroy(): Promise<void> {
    if (this.failure !== undefined && this.child.pid === undefined) return
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Starts a program that is gone, at the latest, when its owner's tests are over. */
export function startProcess(
  owner: Owner,
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): RunningProcess {
  const child = new RunningProcess(command, args, options)
  owner.after(() => child.destroy())
  return child
}

/** True if the program is installed: it can be started and ends with 0. */
export function canRun(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

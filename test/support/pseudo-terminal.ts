// A program in a pseudo terminal, and what is seen there. Python has them in its standard library, node has not.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { canRun, type Owner } from './child-process.js'
import { cleanEnvironment, packageRoot } from './tracker-process.js'
import { VirtualTerminal } from './virtual-terminal.js'

const DEADLINE_MS = 60_000

/** Behind the end of each frame: synchronized output (mode 2026) is turned off. */
const FRAME_END = new RegExp(`(?<=${'\u001b'}\\[\\?2026l)`)

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly environment?: NodeJS.ProcessEnv
  /** A file for the program's stdout, as a shell's `>` does; the terminal unless told. */
  readonly stdout?: string
}

export class PseudoTerminal {
  readonly #child
  readonly #terminal: VirtualTerminal
  readonly #waiters = new Set<() => void>()
  #written = ''
  #said = ''
  #failure: Error | null = null
  /** What came and was not shown yet. */
  readonly #coming: (() => void)[] = []

  constructor(command: readonly string[], options: TerminalOptions) {
    const { columns = 100, rows = 30, environment = {}, stdout = '-' } = options
    this.#terminal = new VirtualTerminal(columns, rows)
    const { CI: _, ...env } = cleanEnvironment()
    const script = join(packageRoot, 'test/support/pseudo-terminal.py')
    this.#child = spawn('python3', [script, String(columns), String(rows), stdout, ...command], {
      env: { ...env, TERM: 'xterm-256color', ...environment },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    })
    const decoder = new StringDecoder('utf8')
    this.#child.stdout.on('data', (bytes: Buffer) => {
      for (const frame of decoder.write(bytes).split(FRAME_END)) this.#show(() => this.#take(frame))
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#show(() => {
        this.#said += text
        this.#wake()
      })
    })
    this.#child.on('close', () => this.#show(() => this.#wake()))
    this.#child.stdin.on('error', error => this.#fail(error))
  }

  /** All that was written to the terminal, with its escape codes. */
  get written(): string {
    return this.#written
  }

  /** What is seen. */
  get terminal(): VirtualTerminal {
    return this.#terminal
  }

  /** As a keyboard does. */
  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** As a window does. */
  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    this.#command(`size ${columns} ${rows}`)
  }

  /** As a window that is closed. */
  hangUp(): void {
    this.#command('hang-up')
  }

  /** As a connection that is broken, and nobody has noticed: nothing is taken any more. */
  stall(): void {
    this.#command('stall')
  }

  goOn(): void {
    this.#command('go-on')
  }

  /** Sends a signal to the program itself. */
  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(), name)
  }

  async pid(): Promise<number> {
    return Number(await this.#waitFor('the process', () => /pid (\d+)/.exec(this.#said)?.[1]))
  }

  /** Resolves when the lines that are seen are as wanted. */
  async see(what: string, isSeen: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    return this.#waitFor(what, () => {
      const lines = this.#terminal.screen()
      return isSeen(lines) ? lines : undefined
    })
  }

  /** Resolves when a line is seen that matches. */
  seeLine(pattern: RegExp): Promise<readonly string[]> {
    return this.see(String(pattern), lines => lines.some(line => pattern.test(line)))
  }

  /** The program's exit code; negative: the signal that ended it. */
  async ended(): Promise<number> {
    return Number(await this.#waitFor('the end', () => /ended (-?\d+)/.exec(this.#said)?.[1]))
  }

  async destroy(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'close')
  }

  #command(line: string): void {
    const commands = this.#child.stdio[3] as Writable
    commands.write(`${line}\n`)
  }

  /**
   * One after the other, each in a turn of its own: whoever waits for one frame and then for another misses none, also
   * where a busy machine brings several of them at once.
   */
  #show(next: () => void): void {
    this.#coming.push(next)
    if (this.#coming.length === 1) setImmediate(() => this.#showNext())
  }

  #showNext(): void {
    this.#coming[0]?.()
    this.#coming.shift()
    if (this.#coming.length > 0) setImmediate(() => this.#showNext())
  }

  #take(text: string): void {
    this.#written += text
    try {
      this.#terminal.write(text)
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#wake()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  #waitFor<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const expiry = AbortSignal.timeout(DEADLINE_MS)
      const settle = (): void => {
        this.#waiters.delete(check)
        expiry.removeEventListener('abort', expire)
      }
      const fail = (why: string): void => {
        settle()
        const seen = this.#terminal.screen().join('\n')
        reject(new Error(`waiting for ${what}: ${why}\n${seen}\n--- ${this.#said}`, { cause: this.#failure }))
      }
      const expire = (): void => fail(`nothing after ${DEADLINE_MS} ms`)
      const check = (): void => {
        const found = find()
        if (found !== undefined) {
          settle()
          resolve(found)
        } else if (this.#failure !== null) fail(this.#failure.message)
        else if (this.#child.exitCode !== null && /ended/.test(this.#said)) fail('it ended')
      }
      expiry.addEventListener('abort', expire)
      this.#waiters.add(check)
      check()
    })
  }
}

/** The reason why there are none here, for `meets`. */
export function pseudoTerminalMissing(): Readonly<Record<string, boolean>> {
  return { 'python3 is not installed': !canRun('python3', ['-c', 'import pty, termios']) }
}

/** Starts a program that is gone, at the latest, when its owner's tests are over. */
export function openTerminal(
  owner: Owner,
  command: readonly string[],
  options: TerminalOptions = {},
): PseudoTerminal {
  const terminal = new PseudoTerminal(command, options)
  owner.after(() => terminal.destroy())
  return terminal
}

// The processes of a contender, however they multiply: each carries a mark in its environment that its children
// inherit, so those that fork, change their session or lose their parent are found, accounted for and ended too.
// If the bench itself dies, even by SIGKILL, the guard ends them.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { Launch } from './contender.js'

/** Name of the mark in the environment. */
export const MARK = 'AQUATIC_BENCH_MARK'

/** Enough of what a program writes to say why it died; a chatty one must not fill the memory. */
const OUTPUT_CHARACTERS_MAX = 16_384
/** Between SIGTERM and SIGKILL. */
const TERM_GRACE_MS = 3_000
const KILL_LOOK_MS = 20
/** At a process that starts a program: some tenths of a second, where it takes less than one of a millisecond. */
const EXEC_LOOKS_MAX = 10_000

/** Processor time in milliseconds. */
export interface ProcessorTime {
  readonly userMs: number
  readonly systemMs: number
}

/** USER_HZ: the unit of /proc/PID/stat on every Linux that node runs on. */
const MS_PER_TICK = 10

/**
 * Fields of /proc/PID/stat: 14 and 15 are the process's own user and system time with all its threads, 16 and 17 those
 * of children it has waited for. They are counted after the name, which may hold anything.
 */
export function parseProcessorTime(stat: string): ProcessorTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = (field: number): number => Number(fields[field - 3])
  return {
    userMs: (at(14) + at(16)) * MS_PER_TICK,
    systemMs: (at(15) + at(17)) * MS_PER_TICK,
  }
}

/** `VmRSS` or another line of /proc/PID/status, or `Pss` of smaps_rollup, in bytes; undefined where it is not there. */
export function parseMemoryLine(text: string, name: string): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}

/** Undefined for a process that has ended or that we may not look at. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/**
 * Whether a process has an environment, or will have one in a moment: while it starts another program, its memory is
 * there and the start of its code is not, which Linux writes after the bounds of the environment. Zombies and the
 * kernel's threads have no memory.
 */
export function hasEnvironment(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = (field: number): string | undefined => fields[field - 3]
  // Fields 23, 26, 50 and 51: size of its memory, start of its code, start and end of its environment.
  return at(23) !== '0' && (at(26) === '0' || at(50) !== at(51))
}

/** What the environment of a process is, or becomes where it just starts another program. */
function environmentOf(pid: number): readonly string[] {
  for (let look = 0; look < EXEC_LOOKS_MAX; look++) {
    const environment = readProc(pid, 'environ')
    if (environment === undefined) return []
    if (environment !== '') return environment.split('\0')
    const stat = readProc(pid, 'stat')
    if (stat === undefined || !hasEnvironment(stat)) return []
  }
  return []
}

/** Every process with this mark, but zombies. */
export function findMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => environmentOf(pid).includes(`${MARK}=${mark}`))
}

/** A started program and everything that comes of it. */
export class ProcessFamily {
  readonly mark = randomUUID()
  readonly #programs: Program[] = []

  /** @param processors as taskset takes them: `0`, `2-3` */
  start(launch: Launch, processors: string, directory: string): void {
    this.#programs.push(new Program(launch, processors, directory, this.mark))
  }

  /** Resolves with a sentence when a program that was started ends. One that forks and ends leaves the family alive. */
  get ended(): Promise<string> {
    return Promise.race(this.#programs.map(({ ended }) => ended))
  }

  get isAlive(): boolean {
    return this.#programs.some(({ hasEnded }) => !hasEnded) || this.pids().length > 0
  }

  /** A program that has just been started still has our environment, without the mark: it is known by its number. */
  pids(): number[] {
    const started = this.#programs.filter(({ hasEnded }) => !hasEnded).map(({ pid }) => pid)
    return [...new Set([...started, ...findMarked(this.mark)])].filter(pid => pid !== undefined)
  }

  /** Of all its processes and threads. Only what is there now, or was waited for by what is there now, counts. */
  processorTime(): ProcessorTime {
    let userMs = 0
    let systemMs = 0
    for (const pid of this.pids()) {
      const stat = readProc(pid, 'stat')
      if (stat === undefined) continue
      const time = parseProcessorTime(stat)
      userMs += time.userMs
      systemMs += time.systemMs
    }
    return { userMs, systemMs }
  }

  /** Memory in use now. Pages shared by several of its processes count once where the system tells. */
  residentBytes(): number {
    return this.#sumMemory(
      pid =>
        parseMemoryLine(readProc(pid, 'smaps_rollup') ?? '', 'Pss') ??
        parseMemoryLine(readProc(pid, 'status') ?? '', 'VmRSS'),
    )
  }

  /** Sum of what each process had at its highest. */
  peakResidentBytes(): number {
    return this.#sumMemory(pid => parseMemoryLine(readProc(pid, 'status') ?? '', 'VmHWM'))
  }

  /** All that its programs wrote to their outputs. */
  get outputBytes(): number {
    return this.#programs.reduce((sum, { outputBytes }) => sum + outputBytes, 0)
  }

  /** The end of what its programs wrote. */
  lastWords(): string {
    return this.#programs
      .map(({ output }) => Buffer.from(output, 'latin1').toString().trim())
      .filter(words => words !== '')
      .join('\n')
  }

  /** SIGTERM, then SIGKILL for what is still there; resolves when nothing is left. */
  async stop(): Promise<void> {
    const endMs = performance.now() + TERM_GRACE_MS
    this.#signal('SIGTERM')
    while (this.isAlive) {
      if (performance.now() >= endMs) this.#signal('SIGKILL')
      await new Promise(resolve => setTimeout(resolve, KILL_LOOK_MS))
    }
    await Promise.all(this.#programs.map(({ ended }) => ended))
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        // It has ended in between: what was wanted.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }

  #sumMemory(read: (pid: number) => number | undefined): number {
    return this.pids().reduce((sum, pid) => sum + (read(pid) ?? 0), 0)
  }
}

class Program {
  readonly ended: Promise<string>
  readonly pid: number | undefined
  hasEnded = false
  output = ''
  outputBytes = 0
  readonly #child: ChildProcess

  constructor(launch: Launch, processors: string, directory: string, mark: string) {
    const { command, args, environment, workingDirectory } = launch
    const env = { ...withoutOurs(process.env), ...environment, [MARK]: mark }
    // A session of its own: Ctrl-C is for the bench, which then stops it in order.
    this.#child = spawn('taskset', ['-c', processors, command, ...args], {
      cwd: workingDirectory ?? directory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('latin1').on('data', (text: string) => {
        this.outputBytes += text.length
        this.output = (this.output + text).slice(-OUTPUT_CHARACTERS_MAX)
      })
    }
    this.pid = this.#child.pid
    this.ended = this.#end(command)
  }

  async #end(command: string): Promise<string> {
    try {
      // Not `close`: a child of its own may hold the pipes for longer than it lives.
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
      return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    } catch (error) {
      return `${command} could not be started: ${(error as Error).message}`
    } finally {
      this.hasEnded = true
    }
  }
}

/** Settings of ours and of node in the caller's shell must not change what is measured. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith('AQUATIC_') && name !== 'NODE_OPTIONS',
  )
  return Object.fromEntries(kept)
}

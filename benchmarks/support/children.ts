// Child processes of a benchmark, pinned to one core where it matters. Nothing started here survives the benchmark:
// whatever still runs is killed, and every scratch directory removed, when the process exits or is
// interrupted.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const running = new Set<ChildProcess>()
const scratchDirectories = new Set<string>()
/** Enough of a child's output to say why it died; a chatty child must not grow the benchmark. */
const keptOutputCharacters = 64 * 1024

/** A started process. `exited` resolves with a sentence that says how it ended. */
export interface Child {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  readonly hasExited: () => boolean
  readonly exited: Promise<string>
  /** Writes to its stdin; nothing happens when it has ended, or when it was started without one. */
  readonly write: (text: string) => void
  /** Closes its stdin. */
  readonly endInput: () => void
  /** Sends the signal and waits for the end. Does nothing when the process has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

/** What to run, and where. `onStdout` sees each piece of output when it arrives; stdin is empty unless `hasInput`. */
export interface UnpinnedOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly directory?: string
  readonly hasInput?: boolean
  readonly onStdout?: (text: string) => void
}

/** The same with the core to run on. */
export interface ChildOptions extends UnpinnedOptions {
  readonly core: number
}

function keepTail(kept: string, text: string): string {
  return (kept + text).slice(-keptOutputCharacters)
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
}

/**
 * The environment of a child: without settings of ours (AQUATIC_…) and of node (NODE_OPTIONS), so that what
 * the caller's shell happens to hold does not change what is measured.
 */
export function childEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => !name.startsWith('AQUATIC_') && name !== 'NODE_OPTIONS')
  return Object.fromEntries(kept)
}

/** Starts a process pinned to one core (taskset replaces itself, so the pid is the program's own). */
export function startPinned({ core, command, args, ...options }: ChildOptions): Child {
  return startUnpinned({ ...options, command: 'taskset', args: ['-c', String(core), command, ...args] })
}

/** Starts a process that the system may run on any core. */
export function startUnpinned(options: UnpinnedOptions): Child {
  const env = childEnvironment(process.env)
  const stdio: ('ignore' | 'pipe')[] = [options.hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe']
  const child = spawn(options.command, options.args, { cwd: options.directory, env, stdio })
  let stdout = ''
  let stderr = ''
  let end: string | undefined
  running.add(child)
  // Writing to a process that has ended is an ordinary race: `exited` says how it ended.
  child.stdin?.on('error', (_ended: Error) => undefined)
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout = keepTail(stdout, text)
    options.onStdout?.(text)
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = keepTail(stderr, text)
  })
  const exited = new Promise<string>(resolve => {
    const finish = (sentence: string): void => {
      running.delete(child)
      end ??= sentence
      resolve(end)
    }
    child.once('error', error => finish(`could not be started: ${error.message}`))
    child.once('close', (code, signal) => finish(describeEnd(code, signal)))
  })
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    hasExited: () => end !== undefined || child.exitCode !== null || child.signalCode !== null,
    exited,
    write: text => void child.stdin?.write(text),
    endInput: () => void child.stdin?.end(),
    stop: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await exited
    },
  }
}

/** Runs a process to its end and returns its stdout; throws with its last words when it fails. */
export async function runPinned(options: ChildOptions): Promise<string> {
  const child = startPinned(options)
  const end = await child.exited
  if (end !== 'ended with exit code 0') throw new Error(`${options.command} ${end}: ${child.stderr().trim()}`)
  return child.stdout()
}

/**
 * A fresh directory that other users may enter (a tracker that drops its privileges reads its files there).
 */
export function makeScratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-benchmark-'))
  chmodSync(directory, 0o755)
  scratchDirectories.add(directory)
  return directory
}

/** Kills what still runs and removes the scratch directories; safe to call twice. */
function cleanUp(): void {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  for (const directory of scratchDirectories) rmSync(directory, { recursive: true, force: true })
  scratchDirectories.clear()
}

/**
 * Cleans up at every exit; an interrupt ends the benchmark with 130 (SIGINT), 143 (SIGTERM) or 129
 * (SIGHUP).
 */
export function cleanUpAtExit(): void {
  process.on('exit', cleanUp)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write(`\ninterrupted by ${signal}: stopping everything that was started\n`)
      process.exit(128 + constants.signals[signal])
    })
  }
}

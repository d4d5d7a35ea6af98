// Asks a contender with `aquatic loadtest`, a process of its own on processors of its own, and reads its document.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import { readDocument } from '../loadtest/report/document.js'
import type { BenchProtocol } from './contender.js'
import { MARK } from './processes.js'

const BINARY = fileURLToPath(new URL('../../../bin/aquatic.js', import.meta.url))

export interface LoadRequest {
  readonly protocol: BenchProtocol
  readonly url: string
  /** Flags of `aquatic loadtest`. */
  readonly flags: readonly string[]
  /** For taskset. */
  readonly processors: string
  /** For the guard; not the contender's, whose processes are accounted for by theirs. */
  readonly mark: string
  /** A load test that takes longer is ended: it hangs. */
  readonly limitSeconds: number
  readonly signal: AbortSignal
}

/** What came of it: a document, or a sentence why there is none. */
export type LoadOutcome =
  | { readonly document: LoadTestDocument; readonly exitCode: number }
  | { readonly document: null; readonly reason: string }

/** Never rejects for what contender or load do. */
export async function runLoad(request: LoadRequest): Promise<LoadOutcome> {
  const { protocol, url, flags, processors, mark, limitSeconds, signal } = request
  if (signal.aborted) return { document: null, reason: 'the load test was not begun' }
  const args = [BINARY, 'loadtest', protocol, url, '--json', '--no-tui', ...flags]
  const child = spawn('taskset', ['-c', processors, process.execPath, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], [MARK]: mark },
    // A session of its own: Ctrl-C is for the bench, which then ends it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = (): boolean => child.kill('SIGKILL')
  signal.addEventListener('abort', end, { once: true })
  let isOverdue = false
  const timer = setTimeout(() => {
    isOverdue = true
    end()
  }, limitSeconds * 1000)
  try {
    const [stdout, stderr, [exitCode, killedBy]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ])
    if (isOverdue) return { document: null, reason: `the load test did not end within ${limitSeconds} s` }
    if (killedBy !== null) return { document: null, reason: `the load test was ended by ${killedBy}` }
    return readOutcome(stdout, stderr, exitCode)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

function readOutcome(stdout: string, stderr: string, exitCode: number | null): LoadOutcome {
  let message: string
  try {
    const answer = JSON.parse(stdout) as { error?: { message?: string } }
    if (answer.error === undefined) {
      return { document: readDocument(stdout, 'the load test'), exitCode: exitCode ?? 1 }
    }
    message = answer.error.message ?? 'it does not say why'
  } catch (error) {
    if (!(error instanceof Error)) throw error
    message = stderr.trim().split('\n').at(-1) || error.message
  }
  return { document: null, reason: `the load test failed: ${message}` }
}

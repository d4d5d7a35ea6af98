// `aquatic bench` in a small world of its own: a home and a directory for temporary files that show what it leaves.

import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MARK } from '../../src/bench/processes.js'
import type { Owner, RunningProcess } from './child-process.js'
import { startBinary } from './tracker-process.js'

export class BenchWorld {
  readonly home: string
  /** TMPDIR of the bench: its scratch directories, and the lock of the machine. */
  readonly temporary: string
  readonly #owner: Owner

  constructor(owner: Owner) {
    this.#owner = owner
    this.home = mkdtempSync(join(tmpdir(), 'aquatic-test-bench-'))
    this.temporary = join(this.home, 'tmp')
    mkdirSync(this.temporary)
    chmodSync(this.home, 0o755)
    owner.after(() => rmSync(this.home, { recursive: true, force: true }))
  }

  get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.home, TMPDIR: this.temporary }
  }

  /** A path in it. */
  path(name: string): string {
    return join(this.home, name)
  }

  start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningProcess {
    return startBinary(this.#owner, ['bench', ...args], {
      environment: { ...this.environment, ...environment },
    })
  }

  /** Contenders and load generators that were started here and still run, with their command lines. */
  started(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => ({ pid: Number(name), command: textOf(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }))
      .filter(({ pid }) => {
        const variables = textOf(`/proc/${pid}/environ`).split('\0')
        return variables.includes(`HOME=${this.home}`) && variables.some(text => text.startsWith(`${MARK}=`))
      })
  }

  /**
   * Resolves with the first that was started here and matches; programs tell nobody that they have started, so that it
   * is looked for them again and again. Rejects when the bench ends first.
   */
  untilStarted(pattern: RegExp, bench: RunningProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const found = this.started().find(({ command }) => pattern.test(command))
        if (found === undefined) return
        clearInterval(timer)
        resolve(found.pid)
      }, 20)
      void bench.ended.then(() => {
        clearInterval(timer)
        reject(new Error(`nothing was started that matches ${pattern}: ${bench.describe()}`))
      })
    })
  }

  /** What lies in its directory for temporary files, but for the lock, which a killed bench leaves to the next. */
  leftovers(): string[] {
    return readdirSync(this.temporary).filter(name => name !== 'aquatic-bench.lock')
  }

  /** Resolves when nothing lies there any more. */
  async untilCleared(): Promise<void> {
    const watcher = watch(this.temporary)
    while (this.leftovers().length > 0) await once(watcher, 'change')
    watcher.close()
  }
}

/** Empty for a process that has ended or is not ours. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return ''
  }
}

// A process's clock of the day, set from outside while it runs: libfaketime (Debian's `faketime`) preloaded, with the
// offset in a file. The clock of the machine is left alone, and so is the process's monotonic clock.

import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { meets } from '../support/requirement.js'

const libraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
]

/** False, and the test is skipped, where libfaketime is not installed. */
export function meetsShiftedClock(t: TestContext): boolean {
  return meets(t, { 'libfaketime (Debian: faketime) is not installed': !libraries.some(existsSync) })
}

export class ShiftedClock {
  readonly #path: string

  constructor(t: TestContext) {
    this.#path = join(scratchDirectory(t), 'offset')
    this.set(0)
  }

  /** What makes a process go by it. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: libraries.find(existsSync),
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** Sets it so many seconds before (below 0) or behind the machine's. The process sees it the next time it looks. */
  set(offsetSeconds: number): void {
    writeFileSync(`${this.#path}.new`, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}\n`)
    renameSync(`${this.#path}.new`, this.#path)
  }
}

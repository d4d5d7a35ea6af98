// A file system with little room, for what a tracker writes: a tmpfs that only one process has mounted, in name
// spaces of its own, so that no root is needed. Others reach it by that process's root directory.

import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { canRun, startProcess } from '../support/child-process.js'
import { meets } from '../support/requirement.js'

const FILLER = 'filler'
/** What a tmpfs hands out. */
export const PAGE_BYTES = 4096

/** False, and the test is skipped, where nobody may mount a file system of his own. */
export function meetsSmallDisk(t: TestContext): boolean {
  const isMissing = !canRun('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])
  return meets(t, { 'name spaces for a file system of its own are not allowed': isMissing })
}

export class SmallDisk {
  /** Its root directory, for every process of this user. */
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** It is gone with the owner's end. */
  static async mount(t: TestContext, bytes: number): Promise<SmallDisk> {
    const script = `mount -t tmpfs -o size=${bytes} tmpfs /mnt && echo mounted && exec cat`
    const holder = startProcess(t, 'unshare', ['-rm', 'sh', '-c', script])
    await holder.waitForLines('stdout', /^mounted$/)
    return new SmallDisk(join('/proc', String(holder.pid), 'root', 'mnt'))
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  names(): string[] {
    return readdirSync(this.directory).sort()
  }

  /** Takes all the room that is left, however others take some meanwhile. @param most at a time, in bytes */
  fill(most = 1 << 20): void {
    for (let bytes = most; bytes >= 1; ) {
      try {
        writeFileSync(this.path(FILLER), Buffer.alloc(bytes), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        bytes >>= 1
      }
    }
  }

  /**
   * Keeps it full until `end` resolves: a file that was just being replaced gives the room of the old one back, and
   * could be replaced for ever. @param turn awaited before each look
   */
  async keepFull(end: Promise<unknown>, turn: () => Promise<unknown>): Promise<void> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    end.then(over, over)
    for (this.fill(); !isOver; await turn()) this.fill(PAGE_BYTES)
    await end
  }

  /** Gives it back. */
  free(): void {
    rmSync(this.path(FILLER))
  }
}

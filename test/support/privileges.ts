// What tests of `[privileges]` share: whether this process may give up rights, and what a tracker has after it did.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { numberOf } from '../../src/config/machine/accounts.js'
import { threadRights } from './proc-status.js'
import type { TrackerProcess } from './tracker-process.js'

/** Root that may change root directory, group and user; containers may have taken these rights away. */
export function isRoot(t: TestContext): boolean {
  const needed = (1n << 6n) | (1n << 7n) | (1n << 18n)
  const isLinux = process.platform === 'linux'
  const capabilities = isLinux ? BigInt(`0x${threadRights(process.pid)[0].capabilities}`) : 0n
  const may = process.geteuid?.() === 0 && (capabilities & needed) === needed
  if (may) return true
  t.skip('giving up rights needs the rights of root: CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT')
  return false
}

/** A new directory, removed after the test. */
export function scratchRoot(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-root-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

export const idOf = (file: string, name: string): number =>
  numberOf(readFileSync(file, 'utf8'), name) as number

/** Every thread is `nobody` of `nogroup`, without other groups and capabilities, below this root directory. */
export function assertDropped({ process: child }: Pick<TrackerProcess, 'process'>, root: string): void {
  const uid = idOf('/etc/passwd', 'nobody')
  const gid = idOf('/etc/group', 'nogroup')
  const four = (id: number): string => `${id} ${id} ${id} ${id}`
  const threads = threadRights(child.pid as number)
  assert.ok(threads.length > 3, 'main thread, workers and those of the runtime')
  for (const rights of threads) {
    assert.deepEqual(rights, {
      uids: four(uid),
      gids: four(gid),
      groups: String(gid),
      capabilities: '0000000000000000',
    })
  }
  assert.equal(readlinkSync(`/proc/${child.pid}/root`), root)
  assert.equal(readlinkSync(`/proc/${child.pid}/cwd`), root)
}

/** Settings of `[privileges]`. */
export const drop = (more: Record<string, string>): Record<string, string | boolean> =>
  Object.fromEntries([
    ['privileges.drop_privileges', true],
    ...Object.entries(more).map(([key, value]) => [`privileges.${key}`, value] as const),
  ])

/** Settings as arguments of a command. */
export const asArguments = (settings: Record<string, string | boolean | number>): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])

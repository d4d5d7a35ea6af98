// Wakes a native server's loop from another thread: an eventfd in its epoll set, never read (edge-triggered).

import { errnoName } from '../errno.js'
import { EFD_CLOEXEC, EFD_NONBLOCK } from './constants.js'
import { loadLibc } from './libc.js'

/** What each wake-up adds to the descriptor's counter of 64 bits, which so many never fill. */
const ONE = new Uint32Array([1, 0])

/** Opens a wake-up. @returns its descriptor @throws when the system has none left */
export function openWakeUp(): number {
  const libc = loadLibc()
  const fd = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)
  if (fd < 0) throw new Error(`eventfd failed: ${errnoName(libc.errno())}`)
  return fd
}

/** Wakes the server that has the descriptor in its `WakeUp`; from any thread of the process. */
export function wakeNative(fd: number): void {
  const libc = loadLibc()
  if (libc.write(fd, ONE, ONE.byteLength) < 0) {
    throw new Error(`a wake-up failed: ${errnoName(libc.errno())}`)
  }
}

export function closeWakeUp(fd: number): void {
  loadLibc().close(fd)
}

// The descriptors that a worker's server has open, as words in shared memory, 0 for none. Descriptors are those of the
// process: when a thread is ended from outside (it ran out of memory, say) its own `finally` does not run, and its
// clients would wait on connections that nobody serves. So the main thread closes them.
//
// A number is written after it was opened and wiped before it is closed. A thread that ends in between leaves one open;
// a number that is somebody else's by then is never closed. What OpenSSL keeps for connections (some 10 KB each) is not
// given back: its addresses are known to the thread alone.

import { loadLibc } from './libc.js'

/** Memory for the connections of one server and its epoll descriptor. */
export function createDescriptorMemory(capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer((capacity + 1) * Int32Array.BYTES_PER_ELEMENT)
}

/** Closes what a thread that has ended left open. @returns how many there were */
export function closeDescriptors(memory: SharedArrayBuffer): number {
  const libc = loadLibc()
  const words = new Int32Array(memory)
  let closed = 0
  for (let index = 0; index < words.length; index++) {
    const fd = words[index]
    if (fd === 0) continue
    words[index] = 0
    libc.close(fd)
    closed++
  }
  return closed
}

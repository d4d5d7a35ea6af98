// Gives the memory of a shared buffer back to the system without giving up its addresses.

import { loadLibc } from './libc.js'

const MADV_DONTNEED = 4
/** No page of x64 and arm64 is larger. */
const PAGE_BYTES_MAX = 2 ** 16

/**
 * Drops the contents of the buffer: its whole pages are zeroes and cost nothing until they are written again
 * (madvise(2)); the rest at both ends is filled with zeroes. Nobody else may use the buffer meanwhile.
 */
export function releasePages(buffer: SharedArrayBuffer): void {
  const bytes = new Uint8Array(buffer)
  const libc = loadLibc()
  const start = libc.addressOf(bytes)
  const page = BigInt(PAGE_BYTES_MAX)
  const first = ((start + page - 1n) / page) * page
  const end = ((start + BigInt(bytes.length)) / page) * page
  if (end <= first || libc.madvise(first, Number(end - first), MADV_DONTNEED) !== 0) {
    bytes.fill(0)
    return
  }
  bytes.fill(0, 0, Number(first - start))
  bytes.fill(0, Number(end - start))
}

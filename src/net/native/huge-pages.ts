// Asks the kernel for 2-MiB pages under a large shared buffer: a swarm is read at random places, and with 4-KiB pages
// each look also misses in the processor's address tables.

import { loadLibc } from './libc.js'

const MADV_HUGEPAGE = 14
const HUGE_PAGE_BYTES = 2 ** 21

/**
 * Takes effect where the system allows it (transparent_hugepage is "madvise" or "always"); memory still comes only as
 * it is touched, in larger pieces.
 * @param firstByte what lies before keeps small pages
 * @returns whether the kernel took the advice
 */
export function adviseHugePages(buffer: SharedArrayBuffer, firstByte: number): boolean {
  const libc = loadLibc()
  const start = libc.addressOf(new Int32Array(buffer))
  const page = BigInt(HUGE_PAGE_BYTES)
  const first = ((start + BigInt(firstByte) + page - 1n) / page) * page
  const end = ((start + BigInt(buffer.byteLength)) / page) * page
  return end > first && libc.madvise(first, Number(end - first), MADV_HUGEPAGE) === 0
}

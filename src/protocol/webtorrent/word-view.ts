// Bytes four at a time. What is only passed on is looked at and copied in words, which takes a third of the time that
// single bytes take (benchmarks/ws/codec.ts), without the garbage that `set` with a `subarray` would make.

/** Buffers whose words have been looked at last: an input, an output, shared memory between workers. */
const VIEWS = 4
const empty = new Int32Array(0)
const buffers: ArrayBufferLike[] = new Array(VIEWS).fill(empty.buffer)
const views: Int32Array[] = new Array(VIEWS).fill(empty)
let oldest = 0

/**
 * The whole words of the buffer in which `bytes` lies: word i is its bytes [4 i, 4 i + 4), loaded low byte first. Makes
 * a view only of a buffer that was not among the last few.
 */
export function wordsAround(bytes: Uint8Array): Int32Array {
  const buffer = bytes.buffer
  for (let index = 0; index < VIEWS; index++) if (buffers[index] === buffer) return views[index]
  const view = new Int32Array(buffer, 0, buffer.byteLength >>> 2)
  buffers[oldest] = buffer
  views[oldest] = view
  oldest = (oldest + 1) % VIEWS
  return view
}

/** Copies from[start, end) to out[at…]. @returns the end of the copy */
export function copyBytes(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  if (from === out) {
    out.copyWithin(at, start, end)
    return at + end - start
  }
  while (start < end && ((out.byteOffset + at) & 3) !== 0) out[at++] = from[start++]
  // A word is put together from two, the second of which must not reach beyond the end: the last one is left to bytes.
  const count = ((end - start) >> 2) - 1
  if (count > 0) {
    copyWords(
      wordsAround(out),
      (out.byteOffset + at) >>> 2,
      wordsAround(from),
      from.byteOffset + start,
      count,
    )
    at += count << 2
    start += count << 2
  }
  while (start < end) out[at++] = from[start++]
  return at
}

/** @param start of the source, in bytes of its buffer */
function copyWords(target: Int32Array, at: number, source: Int32Array, start: number, count: number): void {
  const end = at + count
  const shift = (start & 3) << 3
  let index = start >>> 2
  if (shift === 0) {
    while (at < end) target[at++] = source[index++]
    return
  }
  const shiftBack = 32 - shift
  let word = source[index]
  while (at < end) {
    const next = source[++index]
    target[at++] = (word >>> shift) | (next << shiftBack)
    word = next
  }
}

// What the inbox test's threads put into messages: bytes that only one place in one message has.

/** Up to 1200, and not a multiple of four mostly. */
export function payloadBytesOf(worker: number, index: number): number {
  return (index * 37 + worker * 11) % 1201
}

export function fillPayload(
  payload: Uint8Array,
  start: number,
  end: number,
  worker: number,
  index: number,
): void {
  for (let at = start; at < end; at++) payload[at] = at - start + worker * 83 + index * 7
}

export function isPayload(
  payload: Uint8Array,
  start: number,
  end: number,
  worker: number,
  index: number,
): boolean {
  for (let at = start; at < end; at++) {
    if (payload[at] !== ((at - start + worker * 83 + index * 7) & 0xff)) return false
  }
  return end - start === payloadBytesOf(worker, index)
}

// What the load needs of an engine: connections by number, messages in and out. No sockets here.

/** Filled by the engine; the load calls it from anywhere but from within `open` and `send`. */
export interface Wire {
  /** Where messages are written before `send`. */
  readonly output: Uint8Array
  /** Begins to open the connection of a free slot. */
  open(slot: number): void
  /** @returns where the next message may be written */
  reserve(): number
  /** Sends output[start, end) as one text message; nothing happens where the connection is over. */
  send(slot: number, start: number, end: number): void
  /** Ends a connection; the engine calls nothing for it any more. */
  end(slot: number): void
}

/** Longest message that is taken from a tracker. */
export const MESSAGE_BYTES_MAX = 262_144

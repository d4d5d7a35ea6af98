// A file that is filled piece by piece from two buffers of fixed size: one is being filled while the other is written.
// Whoever fills faster than the disk writes has to wait; memory never grows.
//
// Threat: a file system that does not answer (a network one whose server is gone). Each call has its time limit, so
// that whoever waits goes on without the file; closing still waits for the call, as its buffer is in use until then.

import type { FileHandle } from 'node:fs/promises'

/** What is needed of an open file. */
export type StreamTarget = Pick<FileHandle, 'read' | 'write' | 'close'>

/** The memory of a file, for one after the other. */
export interface StreamBuffers {
  readonly first: Uint8Array
  readonly second: Uint8Array
}

export function createStreamBuffers(bytesEach: number): StreamBuffers {
  return { first: new Uint8Array(bytesEach), second: new Uint8Array(bytesEach) }
}

export interface StreamedFileOptions {
  readonly buffers: StreamBuffers
  /** Opens the file, new and empty, once there is something to write. */
  readonly open: () => Promise<StreamTarget>
  /** A call that takes longer has failed. */
  readonly patienceMs: number
}

export class StreamedFile {
  /** Takes what is to be written, up to `length`. Another one after each `turnOver`. */
  filling: Uint8Array
  length = 0
  #writing: Uint8Array
  readonly #options: StreamedFileOptions
  #opening: Promise<StreamTarget> | undefined
  /** The write in progress or the last one, if it failed; a rejection is for the next `turnOver`. */
  #written: Promise<void> = Promise.resolve()
  /** Calls in progress, also those given up. */
  #inFlight: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(options: StreamedFileOptions) {
    this.filling = options.buffers.first
    this.#writing = options.buffers.second
    this.#options = options
  }

  /** Bytes that `filling` can still take. */
  get room(): number {
    return this.filling.length - this.length
  }

  /** Whether there is a file: nothing was written to it before the first buffer was full. */
  get isOpened(): boolean {
    return this.#opening !== undefined
  }

  /** Waits until the buffer before this one is written, and starts to write this one. @throws the system's error */
  async turnOver(): Promise<void> {
    await this.#written
    const full = this.filling
    const { length } = this
    this.filling = this.#writing
    this.#writing = full
    this.length = 0
    this.#written = this.#write(full, length)
    this.#written.catch(() => undefined)
  }

  /** Writes all there is. @throws the system's error */
  async drain(): Promise<void> {
    await this.turnOver()
    await this.#written
  }

  /** Adds what `other` took; both must be drained, unless `other` has no file. @throws the system's error */
  async append(other: StreamedFile): Promise<void> {
    if (!other.isOpened) {
      await this.#write(other.filling, other.length)
      return
    }
    const source = await other.#target()
    for (let position = 0; ; ) {
      const reading = source.read(this.filling, 0, this.filling.length, position)
      const { bytesRead } = await this.#limited(reading)
      if (bytesRead === 0) return
      await this.#write(this.filling, bytesRead)
      position += bytesRead
    }
  }

  /**
   * Closes the file, if there is one, once no call uses it or its buffers; whatever is still being written to it fails.
   * @throws the system's error
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#inFlight
    const target = await this.#opening?.catch(() => undefined)
    await target?.close()
  }

  async #write(bytes: Uint8Array, length: number): Promise<void> {
    const target = await this.#target()
    for (let at = 0; at < length; ) {
      at += (await this.#limited(target.write(bytes, at, length - at))).bytesWritten
    }
  }

  async #target(): Promise<StreamTarget> {
    if (this.#closing !== undefined) throw new Error('the file is closed')
    this.#opening ??= this.#options.open()
    return this.#limited(this.#opening)
  }

  #limited<T>(call: Promise<T>): Promise<T> {
    this.#inFlight = Promise.allSettled([this.#inFlight, call]).then(() => undefined)
    return withPatience(call, this.#options.patienceMs)
  }
}

/** Waits for a call to a file system, but not for ever. @throws what the call throws, or Error that says how long */
export function withPatience<T>(call: Promise<T>, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error(`the file system has not answered for ${patienceMs} ms`))
    const timer = setTimeout(giveUp, patienceMs)
    call.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}

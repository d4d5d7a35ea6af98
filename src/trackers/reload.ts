// What a signal for a reload comes to: each thing that can be loaded again is, one request at a time.

import { AquaticError, type Doubt, inOneLine } from '../errors.js'
import type { TrackerEventSink } from './events.js'

/** Something that is read at start and can be read again while the tracker serves: an access list, certificates. */
export interface Reloadable {
  /** `access list` */
  readonly what: string
  /** Why what is in use deserves a warning; undefined for nothing. */
  doubt(): Doubt | undefined
  /** The certificate in use; absent or undefined for what does not expire. */
  expiry?(): CertificateExpiry | undefined
  /** @throws AquaticError; what was in use stays in use */
  reload(): Promise<Reloaded>
}

/** Until when the certificate of a file is valid. */
export interface CertificateExpiry {
  readonly path: string
  readonly validUntil: Date
}

/** What a reload came to. */
export interface Reloaded {
  readonly change: 'updated' | 'unchanged'
  /** What it now is: `1,234 info hashes`. */
  readonly found: string
}

/** What became of the reloads of one thing since the start. */
export interface ReloadCounts {
  readonly what: string
  /** Also where the new one was the same. */
  readonly updated: number
  /** The new one could not be used, so the old one was kept. */
  readonly kept: number
}

export interface ReloaderOptions {
  readonly reloadables: readonly Reloadable[]
  /** Is told of the beginning and of the end. */
  readonly service: { notifyReloading(): void; notifyReady(): void }
  readonly onEvent: TrackerEventSink
  /** Anything but an AquaticError: a mistake in the program. */
  readonly onFailure: (error: Error) => void
}

export class Reloader {
  readonly #options: ReloaderOptions
  readonly #counts: readonly { what: string; updated: number; kept: number }[]
  #isReloading = false
  #isAskedAgain = false
  #isClosed = false

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#counts = options.reloadables.map(({ what }) => ({ what, updated: 0, kept: 0 }))
  }

  /** For each thing that can be read again. */
  counts(): readonly ReloadCounts[] {
    return this.#counts
  }

  /** Of each certificate in use. */
  expiries(): readonly CertificateExpiry[] {
    return this.#options.reloadables.flatMap(reloadable => reloadable.expiry?.() ?? [])
  }

  /** At start: says of what was read then what deserves a warning. */
  sayDoubts(): void {
    const { reloadables, onEvent } = this.#options
    for (const reloadable of reloadables) {
      const doubt = reloadable.doubt()
      if (doubt === undefined) continue
      onEvent({ event: 'warning', text: `the ${reloadable.what} ${inOneLine(doubt.text, doubt.remedy)}` })
    }
  }

  /** Asks for a reload. Requests that come while one is under way lead to one more, which sees what they are about. */
  request(): void {
    if (this.#isClosed) return
    if (this.#isReloading) this.#isAskedAgain = true
    else this.#reloadAll().catch(this.#options.onFailure)
  }

  /** Nothing begins and nothing is said any more. */
  close(): void {
    this.#isClosed = true
  }

  async #reloadAll(): Promise<void> {
    const { reloadables, service, onEvent } = this.#options
    this.#isReloading = true
    do {
      this.#isAskedAgain = false
      service.notifyReloading()
      if (reloadables.length === 0) onEvent({ event: 'notice', text: nothingToReload })
      for (const [index, reloadable] of reloadables.entries()) await this.#reload(reloadable, index)
      // Whether it went well or not: the manager waits for the end.
      if (!this.#isClosed) service.notifyReady()
    } while (this.#isAskedAgain && !this.#isClosed)
    this.#isReloading = false
  }

  async #reload(reloadable: Reloadable, index: number): Promise<void> {
    const { what } = reloadable
    const say = (event: 'notice' | 'warning', text: string): void => {
      if (!this.#isClosed) this.#options.onEvent({ event, text })
    }
    try {
      const { change, found } = await reloadable.reload()
      this.#counts[index].updated++
      const doubt = reloadable.doubt()
      if (doubt === undefined) say('notice', `${what} ${change}: ${found}`)
      else say('warning', `${what} ${change}: ${inOneLine(doubt.text, doubt.remedy)}`)
    } catch (error) {
      if (!(error instanceof AquaticError)) throw error
      this.#counts[index].kept++
      say('warning', `${what} not updated, the old one is kept: ${inOneLine(error.message, error.remedy)}`)
    }
  }
}

const nothingToReload = 'there is nothing to reload: no access list and no certificate is in use'

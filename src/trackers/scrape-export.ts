// The full scrape export of any tracker: while its swarm is cleaned, a line for every torrent and address family goes
// to a temporary file, which replaces the last export when it is complete. Lines of IPv4 come first, as in the
// reference; those of IPv6 wait in a file without a name when there are many.
//
// Memory is that of the buffers, whatever the number of torrents. Nothing is written under a lock: the observer fills
// a buffer, which is written between the steps of cleaning, and the cleaning waits where the disk is slower.

import { lstat, open, rename, rm } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { requireReplaceable } from '../metrics/replaceable.js'
import type { ScrapeExportSnapshot } from '../metrics/snapshot.js'
import { WriteHistory } from '../metrics/write-outcome.js'
import { type CleaningObserver, TORRENTS_PER_STEP_MAX } from './cleaning.js'
import type { TrackerEventSink } from './events.js'
import { sayOutcome } from './output-events.js'
import { SCRAPE_LINE_BYTES_MAX, writeScrapeLine } from './scrape-line.js'
import { createStreamBuffers, type StreamBuffers, StreamedFile, withPatience } from './streamed-file.js'

/** What a step of cleaning can add to a buffer. */
const STEP_BYTES_MAX = TORRENTS_PER_STEP_MAX * SCRAPE_LINE_BYTES_MAX
/** Room for several usual steps, so that a write is worth its call. There are two for each family. */
const BUFFER_BYTES = 1024 ** 2
/** Cleaning, which all memory depends on, waits so long for a call of a file system, and once more for its end. */
const PATIENCE_MS = 15_000

/** `[scrape_exports]` of any tracker's configuration. */
export interface ScrapeExportConfig {
  readonly enableScrapeExports: boolean
  /** Cleanings from one export to the next; 0 is taken as 1. */
  readonly frequency: number
  readonly path: string
}

/** The observer that exports, where the configuration asks for one. */
export function scrapeExportOf(
  config: ScrapeExportConfig | undefined,
  onEvent: TrackerEventSink,
): ScrapeExport | null {
  return config?.enableScrapeExports ? new ScrapeExport(config, onEvent) : null
}

/** The same path with the extension `tmp`, as in the reference; for a path that has this extension, with one more. */
export function temporaryPathOf(path: string): string {
  const { dir, name } = parse(path)
  const temporaryPath = join(dir, `${name}.tmp`)
  return temporaryPath === join(path) ? `${path}.tmp` : temporaryPath
}

export class ScrapeExport implements CleaningObserver {
  readonly #path: string
  readonly #frequency: number
  readonly #onEvent: TrackerEventSink
  readonly #history: WriteHistory
  readonly #buffers = { ipv4: createStreamBuffers(BUFFER_BYTES), ipv6: createStreamBuffers(BUFFER_BYTES) }
  #rounds = 0
  #written = 0
  #current: ExportInProgress | undefined
  /** A failed export whose files are not closed yet: it still uses the buffers. */
  #discarding: Promise<void> | undefined

  constructor({ path, frequency }: ScrapeExportConfig, onEvent: TrackerEventSink) {
    this.#path = path
    this.#history = new WriteHistory(path)
    this.#frequency = Math.max(1, frequency)
    this.#onEvent = onEvent
  }

  /** What became of exports since the start. */
  snapshot(): ScrapeExportSnapshot {
    return { written: this.#written, failed: this.#history.failures }
  }

  begin(): void {
    const isDue = this.#rounds % this.#frequency === 0
    this.#rounds++
    if (!isDue) return
    if (this.#discarding === undefined) this.#current = new ExportInProgress(this.#path, this.#buffers)
    else this.#fail(new Error('the file system has not answered since the last export'))
  }

  readonly torrent: CleaningObserver['torrent'] = (hash0, hash1, hash2, hash3, hash4, counts) => {
    const current = this.#current
    if (current === undefined) return
    const { seedersIpv4, leechersIpv4, seedersIpv6, leechersIpv6 } = counts
    // A family without a peer in the torrent has no line.
    if (seedersIpv4 + leechersIpv4 > 0)
      current.add(4, hash0, hash1, hash2, hash3, hash4, seedersIpv4, leechersIpv4)
    if (seedersIpv6 + leechersIpv6 > 0)
      current.add(6, hash0, hash1, hash2, hash3, hash4, seedersIpv6, leechersIpv6)
  }

  afterStep(): Promise<void> | undefined {
    const current = this.#current
    return current?.isNearlyFull ? this.#attempt(current, current.turnOver()) : undefined
  }

  end(): Promise<void> | undefined {
    const current = this.#current
    return current && this.#attempt(current, this.#finish(current))
  }

  /** Gives up an export in progress and removes what was written of it. */
  async stop(): Promise<void> {
    this.#discard()
    await this.#discarding
  }

  async #finish(current: ExportInProgress): Promise<void> {
    await current.finish()
    if (this.#current !== current) return
    this.#current = undefined
    this.#written++
    this.#say(this.#history.succeeded())
  }

  async #attempt(current: ExportInProgress, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      // One that was given up meanwhile has failed because of that.
      if (this.#current !== current) return
      this.#discard()
      this.#fail(error)
      // What is not over by then is left to itself: the next export finds it in `#discarding`.
      await withPatience(this.#discarding ?? Promise.resolve(), PATIENCE_MS).catch(() => undefined)
    }
  }

  #discard(): void {
    const current = this.#current
    this.#current = undefined
    this.#discarding ??= current?.discard().finally(() => {
      this.#discarding = undefined
    })
  }

  #fail(error: unknown): void {
    this.#say(this.#history.failed(error))
  }

  #say(outcome: ReturnType<WriteHistory['failed']>): void {
    const words = {
      subject: 'the scrape export',
      verb: 'is',
      path: this.#path,
      retried: 'next time',
    } as const
    sayOutcome(words, outcome, this.#onEvent)
  }
}

/** One export. Whatever fails is thrown by `turnOver` or `finish`; then it is to be discarded. */
class ExportInProgress {
  readonly #path: string
  readonly #temporaryPath: string
  readonly #ipv4: StreamedFile
  readonly #ipv6: StreamedFile
  /** The inode of the file that was made; that of `#temporaryPath`, unless another program replaces it. */
  #inode: number | undefined
  #isOverfull = false

  constructor(path: string, buffers: { readonly ipv4: StreamBuffers; readonly ipv6: StreamBuffers }) {
    this.#path = path
    this.#temporaryPath = temporaryPathOf(path)
    this.#ipv4 = new StreamedFile({
      buffers: buffers.ipv4,
      patienceMs: PATIENCE_MS,
      open: async () => {
        await requireReplaceable(path)
        // New, not what somebody put there: not a link to another file, not a pipe.
        await rm(this.#temporaryPath, { force: true })
        const file = await open(this.#temporaryPath, 'wx')
        this.#inode = (await file.stat()).ino
        return file
      },
    })
    this.#ipv6 = new StreamedFile({
      buffers: buffers.ipv6,
      patienceMs: PATIENCE_MS,
      open: async () => {
        const namedPath = `${this.#temporaryPath}6`
        await rm(namedPath, { force: true })
        const file = await open(namedPath, 'wx+')
        // Without a name it is gone when it is closed, whatever happens.
        await rm(namedPath)
        return file
      },
    })
  }

  add(
    ipVersion: 4 | 6,
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
    seeders: number,
    leechers: number,
  ): void {
    const file = ipVersion === 4 ? this.#ipv4 : this.#ipv6
    if (file.room < SCRAPE_LINE_BYTES_MAX) {
      this.#isOverfull = true
      return
    }
    const { filling, length } = file
    file.length = writeScrapeLine(
      filling,
      length,
      ipVersion,
      hash0,
      hash1,
      hash2,
      hash3,
      hash4,
      seeders,
      leechers,
    )
  }

  /** Whether the next step may find too little room. */
  get isNearlyFull(): boolean {
    return this.#ipv4.room < STEP_BYTES_MAX || this.#ipv6.room < STEP_BYTES_MAX
  }

  async turnOver(): Promise<void> {
    this.#requireWhole()
    const nearlyFull = [this.#ipv4, this.#ipv6].filter(({ room }) => room < STEP_BYTES_MAX)
    await Promise.all(nearlyFull.map(file => file.turnOver()))
  }

  /** Writes all there is and puts the file in its place. */
  async finish(): Promise<void> {
    this.#requireWhole()
    await this.#ipv4.drain()
    if (this.#ipv6.isOpened) await this.#ipv6.drain()
    await this.#ipv4.append(this.#ipv6)
    // Two trackers with one path would put each other's halves in place. (The inode is taken while the file is open.)
    if (!(await this.#hasTemporaryFile())) throw new Error(`another program uses ${this.#temporaryPath}`)
    await withPatience(this.#ipv4.close(), PATIENCE_MS)
    await withPatience(rename(this.#temporaryPath, this.#path), PATIENCE_MS)
    await this.#ipv6.close()
  }

  /** Closes all and removes the temporary file. Never rejects. */
  async discard(): Promise<void> {
    await Promise.allSettled([this.#ipv4.close(), this.#ipv6.close()])
    if (await this.#hasTemporaryFile()) await rm(this.#temporaryPath, { force: true }).catch(() => undefined)
  }

  /** Whether the temporary file is there and is the one of this export. */
  async #hasTemporaryFile(): Promise<boolean> {
    const found = await lstat(this.#temporaryPath).catch(() => undefined)
    return found !== undefined && found.ino === this.#inode
  }

  #requireWhole(): void {
    if (this.#isOverfull) throw new Error('a step of cleaning had more torrents than there is room for')
  }
}

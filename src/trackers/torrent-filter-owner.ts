// The main thread's side of the torrent filter: loads the list at start and at each reload, lets the workers and the
// cleaner go over to it, and gives the old list's memory back.

import { setTimeout as passTime } from 'node:timers/promises'
import { AquaticError, type Doubt } from '../errors.js'
import { AccessList, type AccessListMemory, type AccessListMode } from '../swarm/access-list.js'
import { emptyListDoubt, hashesText } from './access-list-count.js'
import { AccessListLoader } from './access-list-loader.js'
import type { Reloadable, Reloaded } from './reload.js'
import { createFilterVersions, FilterVersions, listOf, type TorrentFilterData } from './torrent-filter.js'

/** A batch takes less; a worker that hangs in one is the supervisor's business. */
const LOOK_AGAIN_MS = 1

/** `[access_list]` of any tracker's configuration. */
export interface AccessListSettings {
  readonly mode: AccessListMode
  readonly path: string
}

export class TorrentFilterOwner implements Reloadable {
  readonly what = 'access list'
  readonly #mode: TorrentFilterData['mode']
  readonly #path: string
  readonly #lists = [reserve(), reserve()] as const
  readonly #loader = new AccessListLoader()
  #versions = new FilterVersions(createFilterVersions(0))
  #list: AccessList
  #isClosed = false

  private constructor(mode: TorrentFilterData['mode'], path: string) {
    this.#mode = mode
    this.#path = path
    this.#list = AccessList.empty(0)
  }

  /**
   * Reads the list that the configuration names; a long one may take a minute, which `signal` cuts short.
   * @returns null for mode `off`
   * @throws AquaticError AQ_ACCESS_LIST, AQ_MEMORY_UNAVAILABLE; anything where `signal` was aborted
   */
  static async open(
    { mode, path }: AccessListSettings,
    signal?: AbortSignal,
  ): Promise<TorrentFilterOwner | null> {
    if (mode === 'off') return null
    signal?.throwIfAborted()
    const owner = new TorrentFilterOwner(mode, path)
    const giveUp = (): void => void owner.close()
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await owner.#load()
      // Aborted at its very end, it is closed, and no use to anybody.
      signal?.throwIfAborted()
      return owner
    } catch (error) {
      await owner.close()
      throw error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** For the workers, before the first reload. */
  share(workers: number): TorrentFilterData {
    const versions = createFilterVersions(workers, this.#versions.current)
    this.#versions = new FilterVersions(versions)
    return { mode: this.#mode, lists: this.#lists, versions }
  }

  /** Distinct hashes on the list. */
  get entries(): number {
    return this.#list.size
  }

  /** For the cleaner, which runs on this thread: torrents that are to leave the swarm. */
  readonly isForbidden = (
    hash0: number,
    hash1: number,
    hash2: number,
    hash3: number,
    hash4: number,
  ): boolean => !this.#list.allows(this.#mode, hash0, hash1, hash2, hash3, hash4)

  /**
   * Reads the list again; when it resolves every worker goes by the new one. Never called twice at a time.
   * @throws AquaticError AQ_ACCESS_LIST; the old list stays in use
   */
  async reload(): Promise<Reloaded> {
    await this.#load()
    return { change: 'updated', found: hashesText(this.entries) }
  }

  doubt(): Doubt | undefined {
    return emptyListDoubt({ mode: this.#mode, path: this.#path }, this.entries)
  }

  /** Ends the loading thread; what it does is given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#loader.close()
  }

  async #load(): Promise<void> {
    try {
      await this.#loader.read(this.#path, this.#spare)
      this.#list = new AccessList(this.#spare)
      this.#versions.publish()
      while (this.#versions.isOldInUse && !this.#isClosed) await passTime(LOOK_AGAIN_MS)
    } finally {
      // The old list, or the beginning of one that could not be read to its end.
      if (!this.#isClosed) await this.#loader.release(this.#spare)
    }
  }

  /** The list that is not in use. */
  get #spare(): AccessListMemory {
    return this.#lists[listOf(this.#versions.current + 1)]
  }
}

function reserve(): AccessListMemory {
  try {
    return AccessList.reserve()
  } catch (cause) {
    throw new AquaticError(
      'AQ_MEMORY_UNAVAILABLE',
      `Address space for the access list can't be reserved: ${(cause as Error).message}.`,
      { remedy: 'raise `ulimit -v`; memory is used only for as many hashes as the list has', cause },
    )
  }
}

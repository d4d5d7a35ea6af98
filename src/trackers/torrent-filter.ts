// Which torrents a tracker serves: an access list and how it is used, as each worker and the cleaner ask for it.

import { AccessList, type AccessListMemory, type AccessListMode } from '../swarm/access-list.js'

/** Handed to workers as plain data; the list itself is shared memory. */
export interface TorrentFilterData {
  readonly mode: Exclude<AccessListMode, 'off'>
  readonly list: AccessListMemory
}

/** Arguments are the five words of an info hash, as it lies on the wire. */
export class TorrentFilter {
  readonly #mode: AccessListMode
  readonly #list: AccessList

  constructor(data: TorrentFilterData) {
    this.#mode = data.mode
    this.#list = new AccessList(data.list)
  }

  /** Whether an announce for this torrent is served. */
  allows(hash0: number, hash1: number, hash2: number, hash3: number, hash4: number): boolean {
    return this.#list.allows(this.#mode, hash0, hash1, hash2, hash3, hash4)
  }
}

/** Distinct hashes on the list; 0 without one. */
export function entriesOfFilter(data: TorrentFilterData | null): number {
  return data === null ? 0 : new AccessList(data.list).size
}

/** Reads the list that the configuration names. @returns null for mode `off` @throws AquaticError AQ_ACCESS_LIST */
export async function loadTorrentFilter(
  mode: AccessListMode,
  path: string,
): Promise<TorrentFilterData | null> {
  if (mode === 'off') return null
  const { readAccessList } = await import('../swarm/access-list-file.js')
  return { mode, list: (await readAccessList(path)).memory }
}

// WebTorrent swarms said in a plain Map, as the properties compare them with.

import { AnnounceEvent } from '../../src/swarm/announce.js'
import { WebTorrentOutcome } from '../../src/swarm/web-torrent.js'
import type { MemberAnnounce, TestConnection } from './web-torrent-speaker.js'

export interface ModelMember {
  readonly torrent: number
  readonly peer: number
  connection: TestConnection
  seeder: boolean
  completed: boolean
  /** Whether the swarm lists it: not after it has expired and was cleaned away. */
  isListed: boolean
  validUntil: number
}

export interface ModelResult {
  readonly outcome: number
  readonly complete: number
  readonly incomplete: number
  readonly downloads: number
  readonly isListed: boolean
  readonly isNewMember: boolean
  readonly isTakenOver: boolean
  /** Peers of the torrent that may be chosen. */
  readonly others: ReadonlySet<number>
}

const keyOf = (torrent: number, peer: number): string => `${torrent}:${peer}`

type Identity = Pick<TestConnection, 'worker' | 'slot' | 'generation'>

export function isSameConnection(one: Identity, other: Identity): boolean {
  return one.worker === other.worker && one.slot === other.slot && one.generation === other.generation
}

export class WebTorrentModel {
  readonly members = new Map<string, ModelMember>()
  /** Of torrents that are known, also without a peer. */
  readonly downloads = new Map<number, number>()

  constructor(private readonly capacity: number) {}

  find(torrent: number, peer: number): ModelMember | undefined {
    return this.members.get(keyOf(torrent, peer))
  }

  listed(torrent: number): ModelMember[] {
    return [...this.members.values()].filter(member => member.torrent === torrent && member.isListed)
  }

  /** @param refusal the outcome when memory was short, which the model can't know */
  announce(said: Required<MemberAnnounce>, refusal: number | undefined): ModelResult {
    const { torrent, peer, connection, event } = said
    const known = this.find(torrent, peer)
    const isTakenOver = known !== undefined && !isSameConnection(known.connection, connection)
    if (isTakenOver && known.connection.address !== connection.address) {
      return this.result(WebTorrentOutcome.foreignPeerId, said, undefined, false, false)
    }
    if (known !== undefined) known.connection = connection
    if (event === AnnounceEvent.stopped) {
      this.members.delete(keyOf(torrent, peer))
      return this.result(WebTorrentOutcome.stored, said, undefined, false, isTakenOver)
    }
    if (known === undefined && this.members.size === this.capacity) {
      return this.result(WebTorrentOutcome.membersFull, said, undefined, false, false)
    }
    if (refusal !== undefined) {
      this.members.delete(keyOf(torrent, peer))
      return this.result(refusal, said, undefined, false, isTakenOver)
    }
    const says = event === AnnounceEvent.completed
    const completed = says || known?.completed === true
    const wasSeeder = known?.isListed === true && known.seeder
    this.downloads.set(torrent, (this.downloads.get(torrent) ?? 0) + (says && !wasSeeder ? 1 : 0))
    const seeder = said.seeder || completed
    const member = {
      torrent,
      peer,
      connection,
      seeder,
      completed,
      isListed: true,
      validUntil: said.now + said.age,
    }
    this.members.set(keyOf(torrent, peer), member)
    return this.result(WebTorrentOutcome.stored, said, member, known === undefined, isTakenOver)
  }

  /** Removes all members of which this is true. @returns how many */
  remove(isGone: (member: ModelMember) => boolean): number {
    const gone = [...this.members].filter(([, member]) => isGone(member))
    for (const [key] of gone) this.members.delete(key)
    return gone.length
  }

  clean(now: number): void {
    for (const member of this.members.values()) {
      if (member.validUntil <= now) member.isListed = false
    }
    for (const torrent of [...this.downloads.keys()]) {
      if (this.listed(torrent).length === 0) this.downloads.delete(torrent)
    }
  }

  private result(
    outcome: number,
    { torrent, peer }: MemberAnnounce,
    own: ModelMember | undefined,
    isNewMember: boolean,
    isTakenOver: boolean,
  ): ModelResult {
    const all = this.listed(torrent)
    const complete = all.filter(member => member.seeder).length
    return {
      outcome,
      complete,
      incomplete: all.length - complete,
      downloads: this.downloads.get(torrent) ?? 0,
      isListed: own !== undefined,
      isNewMember,
      isTakenOver,
      others: new Set(all.map(member => member.peer).filter(other => other !== peer)),
    }
  }
}

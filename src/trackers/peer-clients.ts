// Counts the peer ids of a table by client program and by their first 8 bytes.

import type { ClientCount, PeerClientsSnapshot, PeerIdPrefixCount } from '../metrics/snapshot.js'
import { clientOfPeerId } from '../protocol/peer-id.js'
import type { PeerIdTable } from './peer-id-table.js'

/** Peer ids are the clients' own text, so there can be as many names as peers; the rarer ones become `Other`. */
const CLIENTS_MAX = 300
/** Prefixes beyond the most frequent ones are left out. */
const PREFIXES_MAX = 1000

/** Peer ids with the same first two words. */
interface PrefixGroup {
  readonly word0: number
  readonly word1: number
  /** Undefined where the name depends on more than the prefix. */
  readonly client: string | undefined
  count: number
}

/** @param replaced peer ids forgotten early so far, as the workers counted them */
export function countPeerClients(
  table: PeerIdTable,
  nowSeconds: number,
  replaced: number,
): PeerClientsSnapshot {
  // Two levels of numbers instead of one of strings: nothing is allocated for a peer, only for a prefix.
  const groups = new Map<number, Map<number, PrefixGroup>>()
  const clients = new Map<string, number>()
  const add = (client: string, count: number): unknown =>
    clients.set(client, (clients.get(client) ?? 0) + count)
  let peers = 0
  table.forEach(nowSeconds, (words, at) => {
    const group = groupOf(groups, words, at)
    group.count++
    peers++
    if (group.client === undefined) add(clientOfPeerId(textOf(words, at)).name, 1)
  })
  const prefixes: PeerIdPrefixCount[] = []
  for (const ofFirstWord of groups.values()) {
    for (const { word0, word1, client, count } of ofFirstWord.values()) {
      prefixes.push({ prefixHex: hexOf(word0) + hexOf(word1), count })
      if (client !== undefined) add(client, count)
    }
  }
  prefixes.sort((a, b) => b.count - a.count || (a.prefixHex < b.prefixHex ? -1 : 1))
  return { peers, clients: mostFrequent(clients), prefixes: prefixes.slice(0, PREFIXES_MAX), replaced }
}

function groupOf(groups: Map<number, Map<number, PrefixGroup>>, words: Int32Array, at: number): PrefixGroup {
  let ofFirstWord = groups.get(words[at])
  if (ofFirstWord === undefined) {
    ofFirstWord = new Map()
    groups.set(words[at], ofFirstWord)
  }
  let group = ofFirstWord.get(words[at + 1])
  if (group === undefined) {
    const { name, isDecidedByPrefix } = clientOfPeerId(textOf(words, at))
    const client = isDecidedByPrefix ? name : undefined
    group = { word0: words[at], word1: words[at + 1], client, count: 0 }
    ofFirstWord.set(words[at + 1], group)
  }
  return group
}

function mostFrequent(clients: ReadonlyMap<string, number>): ClientCount[] {
  const byCount = (a: ClientCount, b: ClientCount): number =>
    b.count - a.count || (a.client < b.client ? -1 : 1)
  const sorted = [...clients].map(([client, count]) => ({ client, count })).sort(byCount)
  if (sorted.length <= CLIENTS_MAX) return sorted
  const named = sorted.filter(({ client }) => client !== 'Other').slice(0, CLIENTS_MAX - 1)
  const left = sumOf(sorted) - sumOf(named)
  return [...named, { client: 'Other', count: left }].sort(byCount)
}

const sumOf = (counts: readonly ClientCount[]): number => counts.reduce((sum, { count }) => sum + count, 0)

/** The peer id's 20 bytes as latin1 text. Copied: text can't be made from shared memory. */
function textOf(words: Int32Array, at: number): string {
  return Buffer.from(words.slice(at, at + 5).buffer).toString('latin1')
}

function hexOf(word: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(word)
  return bytes.toString('hex')
}

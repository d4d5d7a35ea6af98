// What a tracker's screen shows, from the snapshots of its statistics.

import { words } from '../../metrics/figures.js'
import {
  type Counts,
  connectionsOf,
  type PeerClientsSnapshot,
  ratesBetween,
  type SnapshotRates,
  sumCounts,
  type TrackerSnapshot,
} from '../../metrics/snapshot.js'
import { RateHistory, rateWindows } from '../../tui/history.js'
import type {
  Column,
  Figure,
  Level,
  List,
  Note,
  Rate,
  ScreenSnapshot,
  Table,
  WorkerShare,
} from '../../tui/snapshot.js'
import { SampleRing } from './sample-ring.js'

/** What is shown beside the figures. */
export interface ServeFacts {
  /** `aquatic serve udp` */
  readonly command: string
  /** Where it listens: `udp 127.0.0.1:3000`. */
  readonly addresses: readonly string[]
  readonly workers: readonly WorkerShare[]
  /** Of the swarms that are counted, newest count. */
  readonly peerClients: readonly PeerClientsSnapshot[]
  /** Oldest first. */
  readonly warnings: readonly string[]
}

const TOP_CLIENTS = 8

/** Remembers what rates need; one for each run. */
export class ServeScreen {
  readonly #samples = new SampleRing<readonly TrackerSnapshot[]>()
  readonly #histories = [new RateHistory(), new RateHistory(), new RateHistory(), new RateHistory()]

  /** @param trackers one for each protocol that is served, always in the same order; at least one */
  of(trackers: readonly TrackerSnapshot[], facts: ServeFacts): ScreenSnapshot {
    const uptimeSeconds = trackers[0]!.uptimeSeconds
    const before = this.#samples.latest
    // Rates don't ask for single workers, whose figures are most of a snapshot on a machine with many.
    this.#samples.add(
      uptimeSeconds,
      trackers.map(tracker => ({ ...tracker, workers: [] })),
    )
    const rates = this.#samples
      .windows(uptimeSeconds)
      .map(then => trackers.map((tracker, index) => ratesBetween(then[index]!, tracker)))
    const seconds = before === null ? 0 : uptimeSeconds - before[0]!.uptimeSeconds
    return {
      title: {
        command: facts.command,
        target: facts.addresses.join('  '),
        pacing: null,
        phase: null,
      },
      progress: { elapsedSeconds: uptimeSeconds, lengthSeconds: null },
      windows: rateWindows,
      rates: this.#ratesOf(rates, seconds),
      figures: figuresOf(trackers),
      tables: rates.map(ofWindow => tableOf(trackers, ofWindow)),
      workers: facts.workers,
      histogram: null,
      objectives: [],
      lists: [...troublesOf(trackers), ...clientsOf(facts.peerClients)],
      notes: facts.warnings.map((text): Note => ({ text, level: 'warn' })),
    }
  }

  #ratesOf(windows: readonly (readonly (SnapshotRates | null)[])[], seconds: number): Rate[] {
    const sums = windows.map(rates => ({
      requests: sumOf(rates, ({ requestsPerSecond }) => requestsPerSecond),
      responses: sumOf(rates, ({ responsesPerSecond }) => responsesPerSecond.total ?? 0),
      bitsIn: sumOf(rates, ({ receivedBitsPerSecond }) => receivedBitsPerSecond),
      bitsOut: sumOf(rates, ({ sentBitsPerSecond }) => sentBitsPerSecond),
    }))
    const kinds = [
      ['requests', 'perSecond', 'requests'],
      ['responses', 'perSecond', 'responses'],
      ['in', 'bitsPerSecond', 'bitsIn'],
      ['out', 'bitsPerSecond', 'bitsOut'],
    ] as const
    return kinds.map(([label, unit, key], index) => {
      const history = this.#histories[index]!
      history.add(sums[0]![key], seconds)
      return { label, unit, values: sums.map(sum => sum[key]), history: history.history() }
    })
  }
}

type FamilyRates = SnapshotRates['families']['ipv4']

function sumOf(rates: readonly (SnapshotRates | null)[], figure: (rates: FamilyRates) => number): number {
  return rates.reduce(
    (sum, rate) => sum + (rate === null ? 0 : figure(rate.families.ipv4) + figure(rate.families.ipv6)),
    0,
  )
}

const columns: readonly Column[] = [
  { label: 'requests', unit: 'perSecond', priority: 0 },
  { label: 'announces', unit: 'perSecond', priority: 2 },
  { label: 'scrapes', unit: 'perSecond', priority: 3 },
  { label: 'refused', unit: 'perSecond', priority: 4 },
  { label: 'dropped', unit: 'perSecond', priority: 1 },
  { label: 'answered', unit: 'count', priority: 5 },
  { label: 'connections', unit: 'count', priority: 6 },
]

/** Responses that say no, as each protocol names them. */
const REFUSALS = ['error', 'failure', 'httpError'] as const

/** A row for each protocol and address family. */
function tableOf(trackers: readonly TrackerSnapshot[], rates: readonly (SnapshotRates | null)[]): Table {
  const rows = trackers.flatMap((tracker, index) =>
    (['ipv4', 'ipv6'] as const)
      .filter(family => tracker.families[family].isServed)
      .map((family, place) => {
        const now = rates[index]?.families[family]
        const responses = now?.responsesPerSecond ?? {}
        const refused = REFUSALS.reduce((sum, name) => sum + (responses[name] ?? 0), 0)
        // Drops and connections are not counted by family: the first row has them.
        const isFirst = place === 0
        return {
          label: `${tracker.protocol} ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`,
          cells: [
            now?.requestsPerSecond ?? null,
            responses['announce'] ?? null,
            responses['scrape'] ?? null,
            now === undefined ? null : refused,
            isFirst ? (rates[index]?.dropsPerSecond ?? null) : null,
            sumCounts(tracker.families[family].responses),
            isFirst ? connectionsOf(tracker) : null,
          ],
          level: null,
        }
      }),
  )
  return { caption: '', columns, rows }
}

/** UDP and HTTP have one swarm, WebTorrent has its own: each is counted once. */
function swarmsOf(trackers: readonly TrackerSnapshot[]): TrackerSnapshot[] {
  const bittorrent = trackers.find(({ protocol }) => protocol !== 'ws')
  const webtorrent = trackers.find(({ protocol }) => protocol === 'ws')
  return [bittorrent, webtorrent].filter(tracker => tracker !== undefined)
}

function figuresOf(trackers: readonly TrackerSnapshot[]): Figure[] {
  const swarms = swarmsOf(trackers)
  const first = trackers[0]!
  const sum = (of: readonly TrackerSnapshot[], figure: (tracker: TrackerSnapshot) => number): number =>
    of.reduce((total, tracker) => total + figure(tracker), 0)
  const perFamily = (name: 'peers' | 'seeders') => (tracker: TrackerSnapshot) =>
    tracker.families.ipv4[name] + tracker.families.ipv6[name]
  const used = sum(swarms, ({ swarm }) => swarm.usedBytes)
  const limit = sum(swarms, ({ swarm }) => swarm.limitBytes)
  const refused = sum(swarms, ({ swarm }) => swarm.refusedTorrents + swarm.refusedPeers)
  const lost = sum(trackers, ({ kernelDrops }) => kernelDrops)
  const connections = trackers.map(connectionsOf).filter(count => count !== null)
  const count = (label: string, value: number, level: Level | null = null): Figure => ({
    label,
    value,
    unit: 'count',
    level,
  })
  const bytes = (label: string, value: number, level: Level | null = null): Figure => ({
    label,
    value,
    unit: 'bytes',
    level,
  })
  return [
    count(
      'torrents',
      sum(swarms, ({ swarm }) => swarm.torrents),
    ),
    count('peers', sum(swarms, perFamily('peers'))),
    count('seeders', sum(swarms, perFamily('seeders'))),
    count(
      'downloads',
      sum(trackers, ({ families }) => families.ipv4.downloads + families.ipv6.downloads),
    ),
    ...(connections.length === 0
      ? []
      : [
          count(
            'connections',
            connections.reduce((a, b) => a + b, 0),
          ),
        ]),
    bytes('peers use', used, memoryLevel(used, limit, refused)),
    bytes('reserved', limit),
    bytes('resident', first.process.rssBytes),
    count('no memory for', refused, refused > 0 ? 'bad' : null),
    count('kernel drops', lost, lost > 0 ? 'warn' : null),
    count(
      'dropped',
      sum(trackers, ({ drops }) => sumCounts(drops)),
    ),
    accessListFigure(first),
  ]
}

function memoryLevel(usedBytes: number, limitBytes: number, refused: number): Level | null {
  if (refused > 0) return 'bad'
  return limitBytes > 0 && usedBytes > 0.9 * limitBytes ? 'warn' : null
}

function accessListFigure({ accessList }: TrackerSnapshot): Figure {
  const { mode, entries } = accessList
  if (mode === 'off') return { label: 'access list', value: 'off', unit: 'count', level: null }
  return { label: `${mode} list`, value: entries, unit: 'count', level: null }
}

/** What was not answered, or not as asked, by reason. */
function troublesOf(trackers: readonly TrackerSnapshot[]): List[] {
  const entries = trackers.flatMap(({ protocol, drops, errors }) => {
    const named = (counts: Counts, kind: string): [string, number][] =>
      Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => [`${protocol}: ${kind}${words(name)}`, count])
    return [...named(drops, 'dropped, '), ...named(errors, '')]
  })
  return [{ title: 'since the start', kind: 'errors', entries: entries.sort((a, b) => b[1] - a[1]) }]
}

function clientsOf(counted: readonly PeerClientsSnapshot[]): List[] {
  if (counted.length === 0) return []
  const clients = new Map<string, number>()
  for (const { client, count } of counted.flatMap(({ clients }) => clients))
    clients.set(client, (clients.get(client) ?? 0) + count)
  const entries = [...clients].sort((a, b) => b[1] - a[1]).slice(0, TOP_CLIENTS)
  return [{ title: 'clients', kind: 'ranking', entries }]
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SampleRing } from '../../src/commands/screens/sample-ring.js'
import { type ServeFacts, ServeScreen } from '../../src/commands/screens/serve-screen.js'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import { parseThreadTime, threadTimes } from '../../src/metrics/thread-times.js'
import type { ScreenSnapshot } from '../../src/tui/snapshot.js'
import { sampleSnapshot } from '../metrics/sample-snapshot.js'

const facts: ServeFacts = {
  command: 'aquatic serve udp',
  addresses: ['udp 127.0.0.1:3000'],
  workers: [{ name: 'socket-01', share: 0.5 }],
  peerClients: [],
  warnings: ['12:00:00 a warning'],
}

const shownValue = (screen: ScreenSnapshot, label: string): unknown =>
  screen.figures.find(figure => figure.label === label)?.value

describe('the screen of a tracker', () => {
  it('has rates over a second, over ten, and since the start', () => {
    const screen = new ServeScreen()
    let shown = screen.of([sampleSnapshot(0, 0)], facts)
    assert.deepEqual(shown.rates[0]!.values, [0, 0, 0])
    // Six requests for each step, over both families; faster and faster.
    for (let second = 1; second <= 20; second++)
      shown = screen.of([sampleSnapshot(second ** 2, second)], facts)
    assert.deepEqual(shown.rates[0]!.values, [6 * 39, 6 * 30, 6 * 20])
    assert.equal(shown.rates[0]!.history.at(-1), 6 * 39)
    assert.equal(shown.rates[0]!.label, 'requests')
    assert.equal(shown.tables.length, 3)
    assert.deepEqual(shown.tables[0]!.rows[0], {
      label: 'udp IPv4',
      cells: [117, 39, 39, 39, 39, 4 * 400 + 6, null],
      level: null,
    })
  })

  it('counts a swarm that two protocols share once', () => {
    const udp = sampleSnapshot(1, 1)
    const http: TrackerSnapshot = { ...sampleSnapshot(1, 1), protocol: 'http' }
    const ws: TrackerSnapshot = { ...sampleSnapshot(1, 1), protocol: 'ws' }
    const peers = 20_004
    assert.equal(shownValue(new ServeScreen().of([udp], facts), 'peers'), peers)
    assert.equal(shownValue(new ServeScreen().of([udp, http], facts), 'peers'), peers)
    const all = new ServeScreen().of([udp, http, ws], facts)
    assert.equal(shownValue(all, 'peers'), 2 * peers)
    assert.equal(shownValue(all, 'seeders'), 2 * 15_001)
    assert.equal(shownValue(all, 'peers use'), 2 * 2 ** 20)
    assert.equal(shownValue(all, 'kernel drops'), 3 * 17)
  })

  it('says what is full, what was dropped and why, and which list is on', () => {
    const snapshot = sampleSnapshot(1, 1)
    const full: TrackerSnapshot = {
      ...snapshot,
      swarm: { ...snapshot.swarm, refusedPeers: 9 },
      accessList: { mode: 'allow', entries: 1_000 },
    }
    const screen = new ServeScreen().of([full], facts)
    assert.equal(screen.figures.find(({ label }) => label === 'no memory for')?.level, 'bad')
    assert.equal(shownValue(screen, 'allow list'), 1_000)
    assert.equal(shownValue(new ServeScreen().of([snapshot], facts), 'access list'), 'off')
    assert.deepEqual(screen.lists[0]!.entries, [
      ['udp: sends skipped', 7],
      ['udp: dropped, invalid connection id', 3],
      ['udp: dropped, too short', 1],
    ])
    assert.deepEqual(screen.notes, [{ text: '12:00:00 a warning', level: 'warn' }])
  })

  it('shows the most frequent clients, where they are counted', () => {
    const counted = sampleSnapshot(1, 1).peerClients!
    assert.equal(new ServeScreen().of([sampleSnapshot(1, 1)], facts).lists.length, 1)
    const screen = new ServeScreen().of([sampleSnapshot(1, 1)], { ...facts, peerClients: [counted, counted] })
    assert.deepEqual(screen.lists[1]!.entries, [
      ['QBitTorrent 4.5.2', 8],
      ['Other (<b>)', 2],
    ])
  })
})

describe('samples', () => {
  it('are kept for ten seconds, and the first one for good', () => {
    const ring = new SampleRing<number>()
    for (let sample = 0; sample <= 400; sample++) ring.add(sample / 4, sample)
    assert.deepEqual(ring.windows(100), [396, 360, 0])
    assert.equal(ring.latest, 400)
  })

  it('are younger where there are no older ones', () => {
    const ring = new SampleRing<string>()
    assert.equal(ring.latest, null)
    ring.add(5, 'only')
    assert.deepEqual(ring.windows(5), ['only', 'only', 'only'])
  })
})

describe('thread times', () => {
  it('are read after the name, which may hold anything', () => {
    const stat = '12 (a) (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'
    assert.deepEqual(parseThreadTime(stat), { name: 'a) (b', processorMs: (11 + 12) * 10 })
  })

  it('are those of this process', { skip: process.platform !== 'linux' }, () => {
    assert.ok(threadTimes().length > 1)
  })
})

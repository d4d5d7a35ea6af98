// The scrape export over a swarm in this process: every torrent once, whole files, and what goes wrong said once.

import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { CleaningTimes } from '../../src/metrics/cleaning-times.js'
import { Announce, AnnounceResult } from '../../src/swarm/announce.js'
import { Cleaner } from '../../src/swarm/cleaner.js'
import { createSwarmMemory } from '../../src/swarm/memory.js'
import { Swarm } from '../../src/swarm/swarm.js'
import { cleanOnce } from '../../src/trackers/cleaning.js'
import type { TrackerEvent } from '../../src/trackers/events.js'
import { ScrapeExport } from '../../src/trackers/scrape-export.js'
import { scratchDirectory } from '../config/scratch.js'

const maxPeerAgeSeconds = 100

function createSwarm(): Swarm {
  const memory = createSwarmMemory({
    memoryLimitBytes: 256 * 1024 ** 2,
    maxPeerAgeSeconds,
    cleaningIntervalSeconds: 1,
  })
  return new Swarm(memory, { lockOwner: 1, randomSeed: 1 })
}

const announce = new Announce()
const result = new AnnounceResult()
const out = new Uint16Array(1024)

/** One peer more in a torrent. */
function add(swarm: Swarm, torrent: number, family: 4 | 6, peer: number, seeder: boolean): void {
  Object.assign(announce, {
    hash0: torrent,
    hash1: torrent * 7,
    hash2: -torrent,
    hash3: 3,
    hash4: 4,
    family,
    seeder,
  })
  Object.assign(announce, { address0: peer, wirePort: 1, maxPeerAgeSeconds, nowSeconds: 0 })
  swarm.announce(announce, result, out, 0)
}

function hexOf(torrent: number): string {
  return Buffer.from(Int32Array.of(torrent, torrent * 7, -torrent, 3, 4).buffer).toString('hex')
}

function clean(swarm: Swarm, observer: ScrapeExport, nowSeconds = 1): Promise<void> {
  return cleanOnce(new Cleaner(swarm, undefined, observer.torrent), {
    nowSeconds: () => nowSeconds,
    times: new CleaningTimes(1),
    observers: [observer],
  })
}

interface Scene {
  readonly swarm: Swarm
  readonly path: string
  readonly directory: string
  readonly events: TrackerEvent[]
  readonly scrapeExport: ScrapeExport
}

function scene(t: TestContext, frequency = 1): Scene {
  const directory = scratchDirectory(t)
  const path = join(directory, 'export.txt')
  const events: TrackerEvent[] = []
  const scrapeExport = new ScrapeExport({ enableScrapeExports: true, frequency, path }, event =>
    events.push(event),
  )
  return { swarm: createSwarm(), directory, path, events, scrapeExport }
}

/** Fills the swarm and cleans it so far that the temporary file is there. */
async function beginExport(swarm: Swarm, directory: string, scrapeExport: ScrapeExport): Promise<Cleaner> {
  for (let torrent = 1; torrent <= 60_000; torrent++) add(swarm, torrent, 4, 1, true)
  const cleaner = new Cleaner(swarm, undefined, scrapeExport.torrent)
  scrapeExport.begin()
  cleaner.begin(1)
  while (!existsSync(join(directory, 'export.tmp'))) {
    assert.ok(!cleaner.step(20_000))
    await scrapeExport.afterStep()
    await new Promise(resolve => setImmediate(resolve))
  }
  return cleaner
}

describe('scrape export', () => {
  it('has every torrent with a peer once for each family, IPv4 first, large ones too', async t => {
    const { swarm, path, directory, events, scrapeExport } = scene(t)
    // More lines than the buffers of both families hold.
    const torrents = 60_000
    for (let torrent = 1; torrent <= torrents; torrent++) {
      add(swarm, torrent, 4, 1, true)
      if (torrent % 2 === 0) add(swarm, torrent, 6, 1, false)
    }
    for (let peer = 2; peer <= 3_000; peer++) {
      add(swarm, 7, 4, peer, peer % 3 === 0)
      add(swarm, 8, 6, peer, peer % 4 === 0)
    }
    await clean(swarm, scrapeExport)
    const lines = readFileSync(path, 'utf8').split('\n')
    assert.equal(lines.pop(), '')
    assert.equal(lines.length, torrents * 1.5)
    assert.equal(new Set(lines).size, lines.length)
    assert.equal(
      lines.findIndex(line => line.startsWith('6')),
      torrents,
    )
    assert.ok(lines.slice(torrents).every(line => line.startsWith('6')))
    const found = new Set(lines)
    for (let torrent = 1; torrent <= torrents; torrent++) {
      if (torrent !== 7) assert.ok(found.has(`4 ${hexOf(torrent)} 1 0`), `IPv4 of ${torrent}`)
      if (torrent % 2 === 0 && torrent !== 8)
        assert.ok(found.has(`6 ${hexOf(torrent)} 0 1`), `IPv6 of ${torrent}`)
    }
    assert.ok(found.has(`4 ${hexOf(7)} 1001 1999`))
    assert.ok(found.has(`6 ${hexOf(8)} 750 2250`))
    assert.deepEqual(readdirSync(directory), ['export.txt'])
    assert.deepEqual(events, [])
  })

  it('leaves expired peers out, and is empty without any', async t => {
    const { swarm, path, scrapeExport } = scene(t)
    add(swarm, 1, 4, 1, true)
    await clean(swarm, scrapeExport, maxPeerAgeSeconds - 10)
    assert.equal(readFileSync(path, 'utf8'), `4 ${hexOf(1)} 1 0\n`)
    await clean(swarm, scrapeExport, maxPeerAgeSeconds + 10)
    assert.equal(readFileSync(path, 'utf8'), '')
  })

  it('comes with the first cleaning and every so many after it', async t => {
    const { swarm, path, scrapeExport } = scene(t, 3)
    const written: number[] = []
    let inode = 0
    for (let round = 0; round < 7; round++) {
      await clean(swarm, scrapeExport)
      const found = statSync(path).ino
      if (found !== inode) written.push(round)
      inode = found
    }
    assert.deepEqual(written, [0, 3, 6])
  })

  it('says once what is in the way, keeps the old file, and says when it works again', async t => {
    const { swarm, path, directory, events, scrapeExport } = scene(t)
    add(swarm, 1, 4, 1, true)
    const obstacles: readonly [RegExp, () => void, () => void][] = [
      [/export\.txt is a directory/, () => mkdirSync(path), () => rmdirSync(path)],
      [
        /directory/i,
        () => mkdirSync(join(directory, 'export.tmp')),
        () => rmdirSync(join(directory, 'export.tmp')),
      ],
      [
        /export\.txt \(there is no directory .*\)\. Make it: mkdir -p /,
        () => rmdirSync(directory),
        () => mkdirSync(directory),
      ],
      [/is a device/, () => symlinkSync('/dev/full', path), () => unlinkSync(path)],
    ]
    for (const [index, [reason, obstruct, clear]] of obstacles.entries()) {
      events.length = 0
      obstruct()
      for (let round = 0; round < 3; round++) await clean(swarm, scrapeExport)
      assert.deepEqual(
        events.map(({ event }) => event),
        ['warning'],
      )
      assert.match((events[0] as { text: string }).text, reason)
      assert.match(
        (events[0] as { text: string }).text,
        /^the scrape export can't be written to .*next time\.$/,
      )
      clear()
      assert.deepEqual(existsSync(directory) && readdirSync(directory), [])
      await clean(swarm, scrapeExport)
      await clean(swarm, scrapeExport)
      const mended = {
        event: 'notice',
        text: `the scrape export is written to ${path} again, after 3 failures.`,
      }
      assert.deepEqual(events.slice(1), [mended])
      assert.deepEqual(scrapeExport.snapshot(), { written: 2 * (index + 1), failed: 3 * (index + 1) })
      unlinkSync(path)
    }
  })

  it('takes over nothing that lies where its temporary file goes', async t => {
    const { swarm, path, directory, scrapeExport } = scene(t)
    const bystander = join(directory, 'bystander')
    writeFileSync(bystander, 'mine')
    symlinkSync(bystander, join(directory, 'export.tmp'))
    add(swarm, 1, 4, 1, true)
    await clean(swarm, scrapeExport)
    assert.equal(readFileSync(bystander, 'utf8'), 'mine')
    assert.equal(readFileSync(path, 'utf8'), `4 ${hexOf(1)} 1 0\n`)
    assert.deepEqual(readdirSync(directory).sort(), ['bystander', 'export.txt'])
  })

  it('gives up what is in progress when it is stopped', async t => {
    const { swarm, path, directory, events, scrapeExport } = scene(t)
    writeFileSync(path, 'old')
    const cleaner = await beginExport(swarm, directory, scrapeExport)
    while (!cleaner.step(20_000)) await scrapeExport.afterStep()
    const ending = scrapeExport.end()
    await scrapeExport.stop()
    await ending
    assert.deepEqual(readdirSync(directory), ['export.txt'])
    assert.equal(readFileSync(path, 'utf8'), 'old')
    assert.deepEqual(events, [])
  })

  it('never puts the half of another tracker in place', async t => {
    const { swarm, path, directory, events, scrapeExport } = scene(t)
    const cleaner = await beginExport(swarm, directory, scrapeExport)
    const other = createSwarm()
    add(other, 1, 4, 1, true)
    const otherEvents: TrackerEvent[] = []
    await clean(
      other,
      new ScrapeExport({ enableScrapeExports: true, frequency: 1, path }, event => otherEvents.push(event)),
    )
    // A third one is writing when the first is complete.
    writeFileSync(join(directory, 'export.tmp'), 'half')
    while (!cleaner.step(20_000)) await scrapeExport.afterStep()
    await scrapeExport.end()
    assert.equal(readFileSync(path, 'utf8'), `4 ${hexOf(1)} 1 0\n`)
    assert.equal(readFileSync(join(directory, 'export.tmp'), 'utf8'), 'half')
    assert.match(JSON.stringify(events), /^\[{"event":"warning",.*another program uses .*export\.tmp/)
    assert.deepEqual(otherEvents, [])
  })
})

// The limits of full scrapes, by a clock of the test: how many at a time, for how long, when an address has the next,
// and how much is done at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpTable } from '../../../src/config/http.js'
import { defaultConfig } from '../../../src/config/load.js'
import type { StreamServer } from '../../../src/net/stream.js'
import { IpAddress } from '../../../src/protocol/http/ip-text.js'
import { ConnectionWord } from '../../../src/protocol/http/response-head.js'
import type { Swarm } from '../../../src/swarm/swarm.js'
import { AnswerTerms } from '../../../src/trackers/http/answer-terms.js'
import { HttpAnswers } from '../../../src/trackers/http/answers.js'
import { HttpCounter, httpCounterNames } from '../../../src/trackers/http/counters.js'
import { createFullScrapeTimes, FullScrapeTimes } from '../../../src/trackers/http/full-scrape-times.js'
import { FULL_SCRAPE_SECONDS_MAX, FullScrapes } from '../../../src/trackers/http/full-scrapes.js'
import { rulesOf } from '../../../src/trackers/http/rules.js'
import type { TorrentFilter } from '../../../src/trackers/torrent-filter.js'
import { makeMemory, Speaker } from '../../swarm/fixture.js'

const interval = 300

/** Full scrapes over a server that only notes what is written. */
function setUp(torrents = 0, filter: TorrentFilter | null = null) {
  const swarm = filledSwarm(torrents)
  const written: Buffer[] = []
  const server = {
    output: new Uint8Array(70_000),
    write: (_connection: number, bytes: Uint8Array, start: number, end: number) =>
      written.push(Buffer.from(bytes.subarray(start, end))),
  } as unknown as StreamServer
  const counters = new Float64Array(httpCounterNames.length)
  const rules = rulesOf(defaultConfig(httpTable))
  const answers = new HttpAnswers(rules, swarm, null, null, counters)
  const times = new FullScrapeTimes(createFullScrapeTimes(), interval)
  const scrapes = new FullScrapes(server, swarm, filter, times, counters)
  const terms = new AnswerTerms()
  /** Asks as 10.0.0.`host`; true if there is one. */
  const ask = (connection: number, host: number, nowSeconds: number): boolean => {
    const address = new IpAddress()
    address.family = 4
    address.words[0] = 10 + (host << 24)
    terms.nowSeconds = nowSeconds
    terms.connection = ConnectionWord.none
    scrapes.begin(connection, address, false, answers, terms, server.output, 0)
    assert.equal(terms.connection === ConnectionWord.close, scrapes.has(connection))
    return scrapes.has(connection)
  }
  return { scrapes, ask, counters, written }
}

function filledSwarm(torrents: number): Swarm {
  const speaker = new Speaker(makeMemory())
  for (let torrent = 0; torrent < torrents; torrent++) speaker.say({ torrent, address: 1, port: 1 })
  return speaker.swarm
}

test('there are four at a time, and a place again for whoever comes after one has left', () => {
  const { ask, scrapes, counters } = setUp()
  for (let connection = 0; connection < 4; connection++) assert.ok(ask(connection, connection, 0))
  assert.ok(!ask(4, 4, 0))
  assert.equal(counters[HttpCounter.fullScrapesBusy], 1)
  scrapes.forget(2)
  assert.ok(ask(4, 4, 0))
  assert.ok(!ask(5, 5, 0))
})

test('an address that still reads gets no other, and the next one an interval after that', () => {
  const { ask, scrapes, counters } = setUp()
  assert.ok(ask(0, 1, 0))
  assert.ok(scrapes.renew(0, 299))
  assert.ok(!ask(1, 1, 301))
  assert.equal(counters[HttpCounter.fullScrapesEarly], 1)
  scrapes.forget(0)
  assert.ok(!ask(1, 1, 598))
  assert.ok(ask(1, 1, 599))
})

test('after an hour a reader has had its time', () => {
  const { ask, scrapes } = setUp()
  assert.ok(ask(0, 1, 10))
  assert.ok(scrapes.renew(0, 10 + FULL_SCRAPE_SECONDS_MAX - 1))
  assert.ok(!scrapes.renew(0, 10 + FULL_SCRAPE_SECONDS_MAX))
})

test('a piece ends after so many slices of the swarm, also when nothing in them is served', () => {
  let asked = 0
  let isOpen = false
  const filter = {
    begin: () => {
      isOpen = true
    },
    end: () => {
      isOpen = false
    },
    allowsAt: () => {
      assert.ok(isOpen)
      asked++
      return false
    },
  } as unknown as TorrentFilter
  const torrents = 20_000
  const { ask, scrapes, written } = setUp(torrents, filter)
  assert.ok(ask(0, 1, 0))
  let pieces = 0
  for (let isOver = false; !isOver; pieces++) {
    const before = asked
    isOver = scrapes.advance(0)
    assert.ok(asked - before < 5000, `${asked - before} torrents in one piece`)
    assert.ok(!isOpen, 'an access list is held only while a piece is made')
  }
  assert.equal(asked, torrents)
  assert.ok(pieces > 20)
  assert.equal(Buffer.concat(written).toString(), 'd5:filesdee')
})

test('no piece is longer than 32 KiB', () => {
  const { ask, scrapes, written } = setUp(20_000)
  assert.ok(ask(0, 1, 0))
  while (!scrapes.advance(0));
  for (const piece of written) assert.ok(piece.length <= 32_768 + 2)
  assert.equal(Buffer.concat(written).toString('latin1').split('8:complete').length - 1, 20_000)
})

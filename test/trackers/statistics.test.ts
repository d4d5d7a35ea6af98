// The schedule of statistics with a clock that the test turns.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { TrackerSnapshot } from '../../src/metrics/snapshot.js'
import type { TrackerEvent } from '../../src/trackers/events.js'
import {
  areStatisticsActive,
  type Statistics,
  type StatisticsConfig,
  startStatistics,
} from '../../src/trackers/statistics.js'
import { scratchDirectory } from '../config/scratch.js'
import { sampleSnapshot, snapshotProblems } from '../metrics/sample-snapshot.js'

const off: StatisticsConfig = {
  interval: 5,
  torrentPeerHistograms: true,
  peerClients: true,
  printToStdout: false,
  writeHtmlToFile: false,
  htmlFilePath: '',
  writeJsonToFile: false,
  jsonFilePath: '',
  runPrometheusEndpoint: false,
}

interface Running {
  readonly statistics: Statistics
  readonly events: TrackerEvent[]
  /** One interval passes; resolves when its snapshot is out. */
  round(): Promise<TrackerSnapshot>
  tick(): void
}

function start(t: TestContext, config: Partial<StatisticsConfig>): Running {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const events: TrackerEvent[] = []
  let collected = 0
  let notify: (snapshot: TrackerSnapshot) => void = () => undefined
  const statistics = startStatistics(
    { ...off, printToStdout: true, ...config },
    {
      collect: () => {
        collected++
        return [sampleSnapshot(100 * collected, 5 * collected)]
      },
      onEvent: event => {
        events.push(event)
        if (event.event === 'statistics') notify(event)
      },
    },
  )
  const tick = (): void => t.mock.timers.tick(5000)
  const round = (): Promise<TrackerSnapshot> =>
    new Promise(resolve => {
      notify = resolve
      tick()
    })
  return { statistics, events, round, tick }
}

describe('statistics', () => {
  it('are active only with an interval and somebody to see them', () => {
    assert.equal(areStatisticsActive(off), false)
    for (const output of ['printToStdout', 'writeHtmlToFile', 'writeJsonToFile', 'runPrometheusEndpoint']) {
      assert.equal(areStatisticsActive({ ...off, [output]: true }), true)
      assert.equal(areStatisticsActive({ ...off, [output]: true, interval: 0 }), false)
    }
  })

  it('give rates from the first interval on, and write all files before they say so', async t => {
    const directory = scratchDirectory(t)
    const jsonFilePath = join(directory, 'tmp/statistics.json')
    const htmlFilePath = join(directory, 'tmp/statistics.html')
    const { round, statistics } = start(t, {
      writeHtmlToFile: true,
      writeJsonToFile: true,
      htmlFilePath,
      jsonFilePath,
    })
    const { rates } = await round()
    assert.equal(rates?.families.ipv4.requestsPerSecond, 60)
    const document = JSON.parse(readFileSync(jsonFilePath, 'utf8'))
    assert.deepEqual(snapshotProblems(document), [])
    assert.deepEqual(document.rates, rates)
    assert.match(readFileSync(htmlFilePath, 'utf8'), /<h1>BitTorrent tracker statistics<\/h1>/)
    await statistics.stop()
  })

  it("say once that a file can't be written, count it, and say when it can again", async t => {
    const path = join(scratchDirectory(t), 'statistics.json')
    mkdirSync(path)
    const { round, events, statistics } = start(t, { writeJsonToFile: true, jsonFilePath: path })
    for (let times = 0; times < 3; times++) await round()
    assert.equal(statistics.outputFailures(), 3)
    rmdirSync(path)
    for (let times = 0; times < 2; times++) await round()
    const said = events.filter(({ event }) => event !== 'statistics')
    assert.deepEqual(
      said.map(({ event }) => event),
      ['warning', 'notice'],
    )
    assert.match(JSON.stringify(said[0]), /can't be written to .*statistics.json \(.+\)/)
    assert.match(JSON.stringify(said[1]), /again, after 3 failures/)
    await statistics.stop()
  })

  it('leave out a round while the last one is still being written, and say so once', async t => {
    const jsonFilePath = join(scratchDirectory(t), 'statistics.json')
    const { tick, round, events, statistics } = start(t, { writeJsonToFile: true, jsonFilePath })
    const first = round()
    tick()
    tick()
    await first
    assert.equal(events.filter(({ event }) => event === 'warning').length, 1)
    await statistics.stop()
    assert.equal(events.filter(({ event }) => event === 'statistics').length, 1)
  })

  it('do nothing after stop', async t => {
    const { tick, round, events, statistics } = start(t, {})
    await round()
    await statistics.stop()
    tick()
    assert.equal(events.length, 1)
  })
})

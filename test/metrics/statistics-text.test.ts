// Lines and page against golden files. `UPDATE_GOLDEN=1` writes them anew, to be read in the diff.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { withRates } from '../../src/metrics/snapshot.js'
import { statisticsLines } from '../../src/metrics/statistics-lines.js'
import { statisticsPage } from '../../src/metrics/statistics-page.js'
import { packageRoot } from '../support/tracker-process.js'
import { sampleSnapshot } from './sample-snapshot.js'

function assertGolden(name: string, text: string): void {
  const path = join(packageRoot, 'test/metrics/data', name)
  if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'))
}

const snapshot = withRates(sampleSnapshot(100, 10), sampleSnapshot(1_000_100, 14))

describe('statistics as text', () => {
  it('are lines in the shape of the reference', () => {
    assertGolden('statistics.txt', `${statisticsLines(snapshot).join('\n')}\n`)
  })

  it('are a page with the headings of the reference', () => {
    assertGolden('statistics.html', statisticsPage([snapshot]))
  })

  it('show clients when they are counted, and no family that is not served', () => {
    const { ipv4, ipv6 } = snapshot.families
    const other = {
      ...snapshot,
      families: { ipv4: { ...ipv4, peersPerTorrent: null }, ipv6: { ...ipv6, isServed: false } },
    }
    assert.match(statisticsPage([other]), /Peer clients/)
    assert.doesNotMatch(statisticsPage([other]), /IPv6|Peers per torrent/)
    assert.doesNotMatch(statisticsLines(other).join('\n'), /IPv6|peers per torrent/)
    assert.doesNotMatch(statisticsPage([{ ...other, peerClients: null }]), /Peer clients/)
  })

  it('list clients once for each swarm', () => {
    const http = { ...snapshot, protocol: 'http' as const }
    assert.equal(statisticsPage([snapshot, http]).match(/Peer clients/g)?.length, 1)
    const peerClients = { ...snapshot.peerClients!, clients: [{ client: 'WebTorrent 1.2', count: 7 }] }
    const page = statisticsPage([snapshot, http, { ...snapshot, protocol: 'ws', peerClients }])
    assert.match(page, /<h2>Peer clients \(UDP and HTTP\)<\/h2>/)
    assert.match(page, /<h2>Peer clients \(WebTorrent\)<\/h2>[\s\S]*WebTorrent 1\.2<\/th><td>7</)
  })

  it('tell workers apart where there are several, on the page always', () => {
    const [worker] = snapshot.workers
    assert.ok(worker)
    const idle = sampleSnapshot(7, 1).workers[0]
    const several = { ...snapshot, workers: [worker, { ...idle, name: 'socket-02' }] }
    const lines = statisticsLines(several)
    const at = lines.indexOf('Workers (since the start):')
    assert.deepEqual(lines.slice(at + 1, at + 3), [
      '  socket-01: 6,003,606 requests, 8,004,812 responses, 1,000,103 dropped, 7 refused, cut or not sent',
      '  socket-02: 3,048 requests, 4,068 responses, 10 dropped, 7 refused, cut or not sent',
    ])
    const page = statisticsPage([several])
    assert.match(page, /<th scope="row">socket-01<\/th><td>6,003,606<\/td><td>8,004,812<\/td>/)
    assert.match(page, /<th scope="row">socket-02<\/th><td>3,048<\/td><td>4,068<\/td><td>0.1 MiB<\/td>/)
  })

  it('never carry markup that came from a client', () => {
    assert.match(statisticsPage([snapshot]), /Other \(&#60;b&#62;\)/)
  })
})

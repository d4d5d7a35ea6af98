// How many bytes a UDP tracker sends for those it gets: the table of docs/security.md.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startTracker } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { announceRequest, connectRequest, infoHash, scrapeRequest } from '../support/udp-messages.js'

const SERVED = infoHash(1)
const REFUSED = infoHash(2)
const WRONG_ID = 0x1234_5678_9abc_def0n

/** Every kind of request, as whoever has this id sends it. */
function requests(connectionId: bigint): Buffer[] {
  const hashes = Array.from({ length: 70 }, (_, index) => infoHash(100 + index))
  return [
    announceRequest({ connectionId, infoHash: SERVED, numwant: -1, transactionId: 1 }),
    announceRequest({ connectionId, infoHash: SERVED, numwant: 0x7fff_ffff, transactionId: 2 }),
    announceRequest({ connectionId, infoHash: REFUSED, transactionId: 3 }),
    scrapeRequest(connectionId, 4, [SERVED]),
    scrapeRequest(connectionId, 5, hashes),
    scrapeRequest(connectionId, 6, []),
    scrapeRequest(connectionId, 7, [SERVED]).subarray(0, 17),
    connectRequest(8, connectionId, 3),
    connectRequest(9, connectionId, 77),
  ]
}

describe('amplification of the UDP tracker', () => {
  it('answers a forged address with no more bytes than it sent, whatever it sends', async t => {
    const tracker = await startTracker(t, { families: [4] })
    const client = await UdpClient.open({ address: '127.0.0.1', port: tracker.port(4) })
    t.after(() => client.close())
    for (let length = 0; length <= 100; length++) {
      const connect = Buffer.concat([connectRequest(10), Buffer.alloc(84)]).subarray(0, length)
      const answers = await client.answersTo([connect])
      const bytes = answers.reduce((sum, answer) => sum + answer.length, 0)
      assert.ok(bytes <= length, `${bytes} bytes for ${length}`)
    }
    assert.deepEqual(await client.answersTo(requests(WRONG_ID)), [])
  })

  it('answers a proven address within the documented factors', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-amplification-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const list = join(directory, 'list.txt')
    writeFileSync(list, `${REFUSED.toString('hex')}\n`)
    const settings = { 'access_list.mode': 'deny', 'access_list.path': list }
    const tracker = await startTracker(t, { settings })
    const announceBytes = { 4: 20 + 30 * 6, 6: 20 + 30 * 18 }
    for (const family of [4, 6] as const) {
      const address = family === 4 ? '127.0.0.1' : '::1'
      const client = await UdpClient.connected({ address, port: tracker.port(family) })
      t.after(() => client.close())
      for (let port = 1; port <= 40; port++) await client.announce({ infoHash: SERVED, port })
      const sent: string[] = []
      for (const request of requests(client.connectionId)) {
        const answers = await client.answersTo([request])
        sent.push(`${request.length}:${answers.map(answer => answer.length).join('+') || 0}`)
      }
      const announce = `98:${announceBytes[family]}`
      assert.deepEqual(sent, [
        announce,
        announce,
        '98:29',
        '36:20',
        '1416:848',
        '16:36',
        '17:30',
        '16:0',
        '16:0',
      ])
    }
  })
})

// How many peers a tracker has, as it says itself: counted on ours, and not counted where nobody answers.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { countPeers } from '../../src/bench/peer-count.js'
import { runAquatic } from '../cli/run.js'
import { assertEnds } from '../support/load-verdict.js'
import { startTracker } from '../support/tracker-process.js'

const signal = new AbortController().signal
const TORRENTS = 1000

describe('peers of a tracker', () => {
  it('are all that were announced, in all torrents of the load', async t => {
    const tracker = await startTracker(t, { families: [4] })
    const url = tracker.announceUrl(4)
    const count = (seed: number, torrents = TORRENTS): Promise<number | null> =>
      countPeers({ url, torrents, seed, signal })
    assert.equal(await count(7), 0)
    const load = [
      ...['loadtest', 'udp', url, '--json', '--seed', '7', '--torrents', String(TORRENTS), '--peers', '3000'],
      ...['--popularity', 'uniform', '--workers', '1', '--sockets', '1', '--fill', '60s', '--warmup', '0s'],
      ...['--mix', '0:1:0', '--rate', '1', '--duration', '1s'],
    ]
    const { exitCode, stdout } = await runAquatic(load)
    // Its one request may be sent late on a busy machine: what counts is that it has filled the swarm.
    assertEnds(exitCode, JSON.parse(stdout))
    const peers = (await count(7))!
    // Few have their port from another one of the same torrent.
    assert.ok(peers > 2990 && peers <= 3000, String(peers))
    // 65 torrents are four requests; part of them is in those.
    assert.ok((await count(7, 65))! > 0)
    assert.equal(await count(8), 0)
    await tracker.stop()
  })

  it('are not known of one that answers connects alone', async t => {
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    socket.on('message', (request, { port, address }) => {
      if (request.readUInt32BE(8) !== 0) return
      const answer = Buffer.alloc(16)
      request.copy(answer, 4, 12, 16)
      socket.send(answer, port, address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const url = `udp://127.0.0.1:${socket.address().port}/announce`
    assert.equal(await countPeers({ url, torrents: 1, seed: 1, signal, timeoutMs: 5 }), null)
  })

  it('are counted too of one that answers only some torrents of a request, and not of one that answers none', async t => {
    const start = async (entriesMax: number): Promise<string> => {
      const socket = createSocket('udp4')
      t.after(() => socket.close())
      socket.on('message', (request, { port, address }) => {
        const isScrape = request.readUInt32BE(8) === 2
        const hashes = Math.min(entriesMax, (request.length - 16) / 20)
        const answer = Buffer.alloc(isScrape ? 8 + 12 * hashes : 16)
        request.copy(answer, 0, 8, 16)
        // Three seeders and a leecher in each.
        for (let at = 8; isScrape && at < answer.length; at += 12) {
          answer.writeUInt32BE(3, at)
          answer.writeUInt32BE(1, at + 8)
        }
        socket.send(answer, port, address)
      })
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
      return `udp://127.0.0.1:${socket.address().port}/announce`
    }
    for (const [entriesMax, peers] of [
      [20, 4000],
      [15, 4000],
      [1, 4000],
      [0, null],
    ] as const) {
      const url = await start(entriesMax)
      assert.equal(await countPeers({ url, torrents: 1000, seed: 1, signal }), peers, String(entriesMax))
    }
  })

  it('are not known of one that refuses scrapes', async t => {
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    socket.on('message', (request, { port, address }) => {
      const answer = Buffer.alloc(16)
      if (request.readUInt32BE(8) !== 0) answer.writeUInt32BE(3)
      request.copy(answer, 4, 12, 16)
      socket.send(answer, port, address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const url = `udp://127.0.0.1:${socket.address().port}/announce`
    assert.equal(await countPeers({ url, torrents: 200, seed: 1, signal }), null)
  })
})

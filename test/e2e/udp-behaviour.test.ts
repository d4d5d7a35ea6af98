// What a client sees of the built UDP tracker, the same on both engines.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTracker, type TrackerProcess } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import {
  announceRequest,
  connectRequest,
  infoHash,
  readAnnounceResponse,
  scrapeRequest,
} from '../support/udp-messages.js'

const ERROR = 3
const COMPLETED = 1
const STARTED = 2
const STOPPED = 3
const MAX_PEERS = 30
const MAX_SCRAPE = 70
/** `Full scrapes are not allowed` and `Invalid info hash list`, with action and transaction id. */
const FULL_SCRAPE_ERROR_BYTES = 8 + 28
const BROKEN_SCRAPE_ERROR_BYTES = 8 + 22

function scrapeAnswerBytes(length: number): number {
  if (length < 16) return 0
  if (length === 16) return FULL_SCRAPE_ERROR_BYTES
  const hashes = (length - 16) / 20
  return Number.isInteger(hashes) ? 8 + 12 * Math.min(hashes, MAX_SCRAPE) : BROKEN_SCRAPE_ERROR_BYTES
}

let lastHash = 0
const newHash = (): Buffer => infoHash(0x1000 + lastHash++)

for (const engine of ['native', 'node'] as const) {
  describe(`UDP tracker, ${engine} engine`, () => {
    let tracker: TrackerProcess
    const ends: (() => unknown)[] = []
    before(async () => {
      const settings = { 'network.engine': engine, socket_workers: 2 }
      tracker = await startTracker({ after: end => ends.push(end as () => unknown) }, { settings })
    })
    after(async () => {
      await tracker.stop()
      for (const end of ends) await end()
    })

    /** Runs `use` with a connected client and closes it. */
    async function withClient(
      family: 4 | 6,
      use: (client: UdpClient) => Promise<void>,
      from?: string,
    ): Promise<void> {
      const address = family === 4 ? '127.0.0.1' : '::1'
      const client = await UdpClient.connected({ address, port: tracker.port(family) }, from)
      try {
        await use(client)
      } finally {
        client.close()
      }
    }

    for (const family of [4, 6] as const) {
      it(`lists the peers of a torrent to each other over IPv${family}`, async () => {
        await withClient(family, async client => {
          const hash = newHash()
          const first = await client.announce({ infoHash: hash, event: STARTED, left: 0n, port: 1001 })
          assert.deepEqual([first.action, first.interval, first.peers], [1, 900, []])
          assert.deepEqual([first.seeders, first.leechers], [0, 0], 'the announcer is not counted')
          const second = await client.announce({ infoHash: hash, event: STARTED, port: 1002 })
          const host = family === 4 ? '127.0.0.1' : '0'.repeat(31).concat('1')
          assert.deepEqual(second.peers, [`${host}:1001`])
          assert.deepEqual([second.seeders, second.leechers], [1, 0])
          assert.deepEqual(await client.scrape([hash]), [{ seeders: 1, downloads: 0, leechers: 1 }])
        })
      })

      it(`answers a stopped announce over IPv${family} and forgets the peer`, async () => {
        await withClient(family, async client => {
          const hash = newHash()
          await client.announce({ infoHash: hash, port: 1001 })
          await client.announce({ infoHash: hash, port: 1002 })
          const stopped = await client.announce({ infoHash: hash, port: 1002, event: STOPPED, numwant: 0 })
          assert.equal(stopped.peers.length, 1)
          assert.deepEqual(await client.scrape([hash]), [{ seeders: 0, downloads: 0, leechers: 1 }])
        })
      })
    }

    it('gives exactly the peers asked for: -1, 0, 1, odd, many, more than there are', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        for (let port = 2001; port <= 2040; port++) await client.announce({ infoHash: hash, port })
        for (const [numwant, expected] of [
          [-1, MAX_PEERS],
          [0, MAX_PEERS],
          [1, 1],
          [2, 2],
          [7, 7],
          [MAX_PEERS, MAX_PEERS],
          [1_000_000, MAX_PEERS],
          [-2147483648, MAX_PEERS],
        ]) {
          const { peers } = await client.announce({ infoHash: hash, port: 2001, numwant })
          assert.equal(peers.length, expected, `num_want ${numwant}`)
          assert.equal(new Set(peers).size, expected, 'all distinct')
          assert.ok(!peers.includes('127.0.0.1:2001'), 'never the announcer')
        }
      })
    })

    it('keeps IPv4 and IPv6 peers of a torrent apart', async () => {
      const hash = newHash()
      await withClient(4, async client => {
        await client.announce({ infoHash: hash, port: 1 })
      })
      await withClient(6, async client => {
        const { peers, leechers } = await client.announce({ infoHash: hash, port: 1 })
        assert.deepEqual([peers, leechers], [[], 0])
        assert.deepEqual(await client.scrape([hash]), [{ seeders: 0, downloads: 0, leechers: 1 }])
      })
    })

    it('knows a peer by address and announced port', async () => {
      const hash = newHash()
      await withClient(4, async client => {
        await client.announce({ infoHash: hash, port: 5000 })
        await client.announce({ infoHash: hash, port: 5000, left: 0n })
      })
      await withClient(
        4,
        async client => {
          const { peers } = await client.announce({ infoHash: hash, port: 5000 })
          assert.deepEqual(peers, ['127.0.0.1:5000'])
          assert.deepEqual(await client.scrape([hash]), [{ seeders: 1, downloads: 0, leechers: 1 }])
        },
        '127.0.0.2',
      )
    })

    it('answers a port of 0 and never lists it', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        await client.announce({ infoHash: hash, port: 0, event: STARTED })
        const { action, peers } = await client.announce({ infoHash: hash, port: 7, event: STARTED })
        assert.deepEqual([action, peers], [1, []])
        assert.deepEqual(await client.scrape([hash]), [{ seeders: 0, downloads: 0, leechers: 1 }])
      })
    })

    it('counts a completed download once, and its sender as seeder whatever it says is left', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        await client.announce({ infoHash: hash, port: 9, event: STARTED, left: 100n })
        await client.announce({ infoHash: hash, port: 9, event: COMPLETED, left: 2n ** 64n - 1n })
        await client.announce({ infoHash: hash, port: 9, event: COMPLETED, left: 0n })
        await client.announce({ infoHash: hash, port: 9, left: 16384n })
        assert.deepEqual(await client.scrape([hash]), [{ seeders: 1, downloads: 1, leechers: 0 }])
      })
    })

    it('takes event 4 (paused) and unknown events for plain announces', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        for (const [index, event] of [0, 4, 5, 0x7fffffff, -1].entries()) {
          const { action, leechers } = await client.announce({ infoHash: hash, port: 100 + index, event })
          assert.deepEqual([action, leechers], [1, index])
        }
      })
    })

    it('accepts BEP 41 options and stray bytes after an announce', async () => {
      await withClient(4, async client => {
        const path = Buffer.from('/announce?passkey=abc')
        const urlData = Buffer.concat([Buffer.of(2, path.length), path, Buffer.of(0)])
        for (const options of [urlData, Buffer.of(1, 1, 0), Buffer.of(2, 255), Buffer.alloc(1000, 0xff)]) {
          const { action } = await client.announce({ infoHash: newHash(), options })
          assert.equal(action, 1)
        }
      })
    })

    it('lists a client that repeats an announce once', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        const packet = client.announcePacket({ infoHash: hash, port: 4242, event: STARTED })
        const first = await client.request(packet)
        const second = await client.request(packet)
        assert.deepEqual(readAnnounceResponse(second, 4), readAnnounceResponse(first, 4))
        assert.deepEqual(await client.scrape([hash]), [{ seeders: 0, downloads: 0, leechers: 1 }])
      })
    })

    it('scrapes 1 to 70 hashes in the order asked and cuts the rest off', async () => {
      await withClient(4, async client => {
        const known = newHash()
        await client.announce({ infoHash: known, port: 3, left: 0n })
        const one = { seeders: 1, downloads: 0, leechers: 0 }
        const none = { seeders: 0, downloads: 0, leechers: 0 }
        assert.deepEqual(await client.scrape([known]), [one])
        assert.deepEqual(await client.scrape([newHash(), known, known]), [none, one, one])
        const many = (count: number): Buffer[] => [...Array.from({ length: count - 1 }, newHash), known]
        assert.deepEqual((await client.scrape(many(MAX_SCRAPE))).at(-1), one)
        assert.equal((await client.scrape(many(MAX_SCRAPE + 1))).length, MAX_SCRAPE)
        assert.equal((await client.scrape(many(1000))).length, MAX_SCRAPE)
      })
    })

    it('refuses scrapes of nothing and of broken hashes with an error', async () => {
      await withClient(4, async client => {
        const errorFor = async (packet: Buffer): Promise<string> => {
          const answer = await client.request(packet)
          assert.equal(answer.readInt32BE(0), ERROR)
          return answer.subarray(8).toString()
        }
        const scrape = (hashes: Uint8Array[]): Buffer =>
          scrapeRequest(client.connectionId, client.nextTransactionId(), hashes)
        assert.equal(await errorFor(scrape([])), 'Full scrapes are not allowed')
        const broken = Buffer.concat([scrape([newHash()]), Buffer.alloc(7)])
        assert.equal(await errorFor(broken), 'Invalid info hash list')
      })
    })

    it('answers nothing but a connect without a valid connection id', async () => {
      await withClient(4, async client => {
        const valid = client.connectionId
        const mask = 2n ** 64n - 1n
        for (const connectionId of [0n, valid ^ 1n, valid ^ (1n << 63n), 0x41727101980n, ~valid & mask]) {
          const answers = await client.answersTo([
            announceRequest({ connectionId, transactionId: 1 }),
            scrapeRequest(connectionId, 2, [newHash()]),
            scrapeRequest(connectionId, 3, []),
            Buffer.concat([scrapeRequest(connectionId, 4, []), Buffer.alloc(3)]),
          ])
          assert.deepEqual(answers, [])
        }
      })
    })

    it("refuses another address's connection id", async () => {
      await withClient(4, async client => {
        await withClient(
          4,
          async other => {
            const stolen = announceRequest({ connectionId: client.connectionId, transactionId: 5 })
            assert.deepEqual(await other.answersTo([stolen]), [])
          },
          '127.0.0.3',
        )
      })
    })

    it('drops what is no request of the protocol, at every length', async () => {
      await withClient(4, async client => {
        const packets: Buffer[] = [connectRequest(1, 0x41727101981n)]
        for (let length = 0; length < 98; length++) {
          packets.push(announceRequest({ connectionId: client.connectionId }).subarray(0, length))
        }
        for (let length = 0; length < 16; length++) packets.push(connectRequest(1).subarray(0, length))
        for (const action of [3, 4, 255, -1]) packets.push(connectRequest(1, client.connectionId, action))
        assert.deepEqual(await client.answersTo(packets), [])
      })
    })

    it('answers every length from 0 to 2048 of every action with what the rules allow, or not at all', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        for (let port = 1; port <= 40; port++) await client.announce({ infoHash: hash, port })
        const filled = (packet: Buffer): Buffer =>
          Buffer.concat([packet, Buffer.alloc(2048 - packet.length, 0x2a)])
        const announce = (): Buffer => client.announcePacket({ infoHash: hash, numwant: -1 })
        const connectionId = (): bigint => client.connectionId
        const actions: [name: string, packet: () => Buffer, answerBytes: (length: number) => number][] = [
          ['connect', () => connectRequest(1), length => (length < 16 ? 0 : 16)],
          ['announce', announce, length => (length < 98 ? 0 : 20 + MAX_PEERS * 6)],
          ['scrape', () => scrapeRequest(connectionId(), 1, []), scrapeAnswerBytes],
          ['error', () => connectRequest(1, connectionId(), 3), () => 0],
          ['unknown', () => connectRequest(1, connectionId(), 77), () => 0],
        ]
        for (const [name, packet, answerBytes] of actions) {
          let whole = filled(packet())
          for (let length = 0; length <= 2048; length++) {
            // Ten thousand answers may take a busy machine longer than a connection id is valid.
            if (length % 128 === 0) {
              await client.connect()
              whole = filled(packet())
            }
            const answers = await client.answersTo([whole.subarray(0, length)])
            const bytes = answers.map(answer => answer.length)
            assert.deepEqual(
              bytes,
              answerBytes(length) === 0 ? [] : [answerBytes(length)],
              `${name} of ${length} bytes`,
            )
          }
        }
      })
    })

    it('answers with at most 30 peers, whatever the packet', async () => {
      await withClient(4, async client => {
        const hash = newHash()
        for (let port = 1; port <= 60; port++) await client.announce({ infoHash: hash, port })
        for (let length = 98; length <= 2048; length += 150) {
          const options = Buffer.alloc(length - 98, 0x55)
          const answer = await client.request(
            client.announcePacket({ infoHash: hash, options, numwant: 9999 }),
          )
          assert.equal(answer.length, 20 + MAX_PEERS * 6)
        }
      })
    })
  })
}

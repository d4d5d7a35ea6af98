// `[privileges]` of all trackers in one process: the step comes once, after the sockets of all of them and of both
// address families are bound, and every one of them answers after it. Needs root, as CI has it.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { httpClient } from '../support/http-announce.js'
import { asArguments, assertDropped, drop, isRoot, scratchRoot } from '../support/privileges.js'
import { hasIpv6Loopback, type Listening, startBinary } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { identifier, WebTorrentClient } from '../support/web-torrent-client.js'

describe('privileges of serve without a protocol', () => {
  it('all threads lose theirs once, with three trackers and both address families, and all answer', async t => {
    if (!isRoot(t)) return
    const root = scratchRoot(t)
    const protocols = ['udp', 'http', 'ws']
    const families = hasIpv6Loopback() ? [4, 6] : [4]
    const settings: Record<string, string | boolean | number> = {
      ...drop({ chroot_path: root }),
      'network.engine': 'native',
    }
    for (const protocol of protocols) {
      settings[`${protocol}.network.address_ipv4`] = '127.0.0.1:0'
      settings[`${protocol}.network.address_ipv6`] = '[::1]:0'
      settings[`${protocol}.network.use_ipv6`] = families.length === 2
      settings[`${protocol}.socket_workers`] = 2
    }
    const trackers = startBinary(t, ['serve', '--json', ...asArguments(settings)], {})
    const count = protocols.length * families.length
    const lines = await trackers.waitForLines('stdout', /"event":"listening"/, count)
    assertDropped({ process: trackers }, root)
    for (const line of lines) await assertAnswers(JSON.parse(line) as Listening)
    const { code, stdout, stderr } = await trackers.stop('SIGTERM')
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stdout.match(/privileges dropped/g)?.length, 1)

    /** Of one address, with a swarm for itself. */
    async function assertAnswers({ protocol, address, port }: Listening): Promise<void> {
      const host = address.includes(':') ? `[${address}]` : address
      const torrent = protocols.indexOf(protocol) * 2 + (address.includes(':') ? 1 : 0)
      if (protocol === 'udp') {
        const client = await UdpClient.connected({ address, port })
        assert.equal((await client.announce({ infoHash: infoHash(torrent), port: 1 })).leechers, 0)
        client.close()
      } else if (protocol === 'http') {
        const { incomplete } = await httpClient({ address, port }).announce(infoHash(torrent))
        assert.equal(incomplete, 0)
      } else {
        const client = await WebTorrentClient.connect(t, `ws://${host}:${port}`)
        assert.deepEqual(await client.counts('x'.repeat(20), identifier(host)), [0, torrent - 3])
      }
    }
  })
})

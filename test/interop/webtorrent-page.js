// What runs in a browser's page for webtorrent-browser.test.ts: one WebTorrent client that knows nobody but a tracker.
import WebTorrent from '/webtorrent.min.js'

// No STUN: two pages on one machine find each other by their own addresses, and nothing outside is asked.
const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  webSeeds: false,
  tracker: { rtcConfig: { iceServers: [] } },
})

/** Rejects with what goes wrong; a tracker that cannot be reached is a mere warning to the client. */
const failed = torrent =>
  new Promise((_, reject) => {
    client.once('error', reject)
    torrent.once('error', reject)
    torrent.once('warning', reject)
  })

/** Seeds the file at `path`. @returns the magnet link, when the tracker has answered the first announce */
globalThis.seed = async (path, announce) => {
  const bytes = await (await fetch(path)).arrayBuffer()
  const options = { announce: [announce], announceList: [[announce]], name: 'payload.bin', private: false }
  const torrent = client.seed(new File([bytes], 'payload.bin'), options)
  const announced = new Promise(resolve => torrent.once('trackerAnnounce', resolve))
  await Promise.race([announced, failed(torrent)])
  return torrent.magnetURI
}

/** Downloads what a magnet link names, and posts it to `path`. @returns how many peers it has got it from */
globalThis.download = async (magnet, path) => {
  const torrent = client.add(magnet)
  const done = new Promise(resolve => torrent.once('done', resolve))
  await Promise.race([done, failed(torrent)])
  const peers = torrent.numPeers
  await fetch(path, { method: 'POST', body: await torrent.files[0].blob() })
  return peers
}

/** Says goodbye to the tracker, and closes every connection. */
globalThis.leave = () => new Promise(resolve => client.destroy(resolve))

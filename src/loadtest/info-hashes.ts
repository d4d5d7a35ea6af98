// The info hashes of a population as text, for access lists.

import { Population } from './population.js'

const INFO_HASH_BYTES = 20

/** 40 hexadecimal digits each, of torrents 0 to `torrents` - 1. */
export function* infoHashesOf(torrents: number, seed: number): Generator<string> {
  const population = new Population(
    { torrents, peers: 1, popularity: { kind: 'uniform' }, seederShare: 0, scrapeTorrents: 1 },
    seed,
    0,
    1,
  )
  const words = new Int32Array(INFO_HASH_BYTES / 4)
  const bytes = Buffer.from(words.buffer)
  for (let torrent = 0; torrent < torrents; torrent++) {
    population.writeInfoHash(words, 0, torrent)
    yield bytes.toString('hex')
  }
}

// A payload of random bytes and the private torrent file (BEP 3, BEP 27) for it.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Owner } from '../support/child-process.js'

/** Some megabytes, and not a multiple of the piece length. */
const payloadBytes = 5 * 2 ** 20 + 12_345
const pieceBytes = 2 ** 16

export type Transfer = {
  readonly torrentFile: string
  readonly infoHash: Buffer
  /** Directory that has the payload. */
  readonly source: string
  /** Empty directory that shall get it. */
  readonly target: string
  /** Directory for whatever else a client keeps. */
  readonly scratch: string
  /** PEM file of the certificate that the tracker shows over HTTPS. */
  readonly trusted: string | undefined
  /** SHA-256 of the payload in one of the two directories, in hexadecimal. Rejects if it is not there. */
  checksum(directory: string): Promise<string>
}

type Bencodable = number | string | Buffer | { readonly [key: string]: Bencodable }

function bencode(value: Bencodable): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`)
  if (typeof value === 'string') return bencode(Buffer.from(value))
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value])
  const keys = Object.keys(value).sort()
  const entries = keys.flatMap(key => [bencode(key), bencode(value[key]!)])
  return Buffer.concat([Buffer.from('d'), ...entries, Buffer.from('e')])
}

function pieceHashes(payload: Buffer): Buffer {
  const hashes: Buffer[] = []
  for (let start = 0; start < payload.length; start += pieceBytes) {
    hashes.push(
      createHash('sha1')
        .update(payload.subarray(start, start + pieceBytes))
        .digest(),
    )
  }
  return Buffer.concat(hashes)
}

/** Fresh random payload and a private torrent with one tracker; everything is removed with its owner. */
export async function prepareTransfer(
  owner: Owner,
  announceUrl: string,
  trusted?: string,
): Promise<Transfer> {
  const root = await mkdtemp(join(tmpdir(), 'aquatic-transfer-'))
  owner.after(() => rm(root, { recursive: true, force: true, maxRetries: 10 }))
  const [source, target, scratch] = ['source', 'target', 'scratch'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const directory of [source, target, scratch]) await mkdir(directory)
  const payload = randomBytes(payloadBytes)
  const name = 'payload.bin'
  const info = {
    length: payload.length,
    name,
    'piece length': pieceBytes,
    pieces: pieceHashes(payload),
    private: 1,
  }
  const torrentFile = join(root, 'payload.torrent')
  await writeFile(join(source, name), payload)
  await writeFile(torrentFile, bencode({ announce: announceUrl, info }))
  return {
    torrentFile,
    infoHash: createHash('sha1').update(bencode(info)).digest(),
    source,
    target,
    scratch,
    trusted,
    checksum: async directory => {
      const hash = createHash('sha256')
      await pipeline(createReadStream(join(directory, name)), hash)
      return hash.digest('hex')
    },
  }
}

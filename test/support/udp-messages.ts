// BEP 15 messages written by the book with DataView, independent of src/protocol: what a client sends and reads.

export interface AnnounceFields {
  connectionId: bigint
  transactionId: number
  infoHash: Uint8Array
  peerId: Uint8Array
  downloaded: bigint
  left: bigint
  uploaded: bigint
  event: number
  ip: number
  key: number
  numwant: number
  port: number
  /** BEP 41 options after the 98 bytes. */
  options: Uint8Array
}

export function connectRequest(transactionId: number, magic = 0x41727101980n, action = 0): Buffer {
  const packet = Buffer.alloc(16)
  packet.writeBigUInt64BE(magic, 0)
  packet.writeInt32BE(action, 8)
  packet.writeInt32BE(transactionId, 12)
  return packet
}

export function announceRequest(fields: Partial<AnnounceFields>): Buffer {
  const options = fields.options ?? new Uint8Array()
  const packet = Buffer.alloc(98 + options.length)
  packet.writeBigUInt64BE(fields.connectionId ?? 0n, 0)
  packet.writeInt32BE(1, 8)
  packet.writeInt32BE(fields.transactionId ?? 0, 12)
  packet.set(fields.infoHash ?? infoHash(0), 16)
  packet.set(fields.peerId ?? Buffer.from('-XX0000-abcdefghijkl'), 36)
  packet.writeBigUInt64BE(BigInt.asUintN(64, fields.downloaded ?? 0n), 56)
  packet.writeBigUInt64BE(BigInt.asUintN(64, fields.left ?? 1n), 64)
  packet.writeBigUInt64BE(BigInt.asUintN(64, fields.uploaded ?? 0n), 72)
  packet.writeInt32BE(fields.event ?? 0, 80)
  packet.writeInt32BE(fields.ip ?? 0, 84)
  packet.writeInt32BE(fields.key ?? 0, 88)
  packet.writeInt32BE(fields.numwant ?? -1, 92)
  packet.writeUInt16BE(fields.port ?? 6881, 96)
  packet.set(options, 98)
  return packet
}

export function scrapeRequest(
  connectionId: bigint,
  transactionId: number,
  hashes: readonly Uint8Array[],
): Buffer {
  const packet = Buffer.alloc(16 + hashes.length * 20)
  packet.writeBigUInt64BE(connectionId, 0)
  packet.writeInt32BE(2, 8)
  packet.writeInt32BE(transactionId, 12)
  for (const [index, hash] of hashes.entries()) packet.set(hash, 16 + index * 20)
  return packet
}

/** A 20-byte hash that differs for each number. */
export function infoHash(number: number): Buffer {
  const hash = Buffer.alloc(20, 0xab)
  hash.writeUInt32BE(number, 0)
  return hash
}

export interface AnnounceResponse {
  action: number
  transactionId: number
  interval: number
  leechers: number
  seeders: number
  /** `address:port`, in the order of the response. */
  peers: string[]
}

export function readAnnounceResponse(packet: Buffer, family: 4 | 6): AnnounceResponse {
  const addressBytes = family === 6 ? 16 : 4
  const peers: string[] = []
  for (let at = 20; at < packet.length; at += addressBytes + 2) {
    const address = packet.subarray(at, at + addressBytes)
    const text = family === 6 ? address.toString('hex') : address.join('.')
    peers.push(`${text}:${packet.readUInt16BE(at + addressBytes)}`)
  }
  return {
    action: packet.readInt32BE(0),
    transactionId: packet.readInt32BE(4),
    interval: packet.readInt32BE(8),
    leechers: packet.readInt32BE(12),
    seeders: packet.readInt32BE(16),
    peers,
  }
}

export interface ScrapeEntry {
  seeders: number
  downloads: number
  leechers: number
}

export function readScrapeResponse(packet: Buffer): ScrapeEntry[] {
  const entries: ScrapeEntry[] = []
  for (let at = 8; at < packet.length; at += 12) {
    entries.push({
      seeders: packet.readInt32BE(at),
      downloads: packet.readInt32BE(at + 4),
      leechers: packet.readInt32BE(at + 8),
    })
  }
  return entries
}

// Asks a tracker on this machine until it answers: ready means that the port answers, not that time has
// passed.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { torrentCount, torrentInfoHash } from '../support/yardstick.js'

const protocolMagic = 0x41727101980n
const transactionId = 0x0a0b0c0d
const retryMs = 10
const patienceMs = 15_000

/** BEP 15, connect: the magic number, action 0, the transaction. */
function encodeConnect(): Buffer {
  const packet = Buffer.alloc(16)
  packet.writeBigUInt64BE(protocolMagic, 0)
  packet.writeUInt32BE(transactionId, 12)
  return packet
}

/** BEP 15, announce of one leecher that wants nobody, to the last torrent of an allow list. */
function encodeAnnounce(connectionId: Buffer): Buffer {
  const packet = Buffer.alloc(98)
  connectionId.copy(packet, 0)
  packet.writeUInt32BE(1, 8)
  packet.writeUInt32BE(transactionId, 12)
  torrentInfoHash(torrentCount - 1).copy(packet, 16)
  packet.write('-AQ0000-ready-probe.', 36, 'latin1')
  packet.writeBigUInt64BE(1n, 64)
  packet.writeUInt16BE(1, 96)
  return packet
}

/** A UDP port on the loopback address that nobody has right now. */
export async function findFreePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as AddressInfo
  socket.close()
  await once(socket, 'close')
  return port
}

/** Sends a connect, and an announce once there is a connection id, until the announce is answered as one. */
function converse(socket: Socket, giveUp: Promise<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    let packet = encodeConnect()
    const send = (): void => socket.send(packet)
    const retry = setInterval(send, retryMs)
    const patience = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs)
    socket.on('message', answer => {
      if (answer.length < 16 || answer.readUInt32BE(4) !== transactionId) return
      const action = answer.readUInt32BE(0)
      if (action === 0) packet = encodeAnnounce(answer.subarray(8, 16))
      if (action === 0) send()
      if (action === 1) resolve()
    })
    // Connection refused is what a port says before somebody listens on it.
    socket.on('error', () => undefined)
    giveUp.then(reason => reject(new Error(reason)))
    socket.on('close', () => {
      clearInterval(retry)
      clearTimeout(patience)
    })
    send()
  })
}

/**
 * Resolves when the tracker on the port has answered a connect and an announce. An allow list that is still
 * being read answers with an error, so this waits for it too. Rejects when `giveUp` resolves first, or
 * after 15 s.
 */
export async function waitUntilAnswering(port: number, giveUp: Promise<string>): Promise<void> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  try {
    await converse(socket, giveUp)
  } finally {
    socket.close()
  }
}

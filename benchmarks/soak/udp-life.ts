// A short-lived client of the UDP tracker (BEP 15): a socket, and so a source port and a connection id, for each step
// of its life.
import { createSocket, type Socket } from 'node:dgram'
import { type Counts, type Identity, type LifePlan, live, type Remarks } from './life.js'

const protocolMagic = 0x41727101980n
const answerMs = 2000
const action = { connect: 0, announce: 1, scrape: 2 } as const
/** BEP 15: events of an announce. */
const event = { completed: 1, started: 2, stopped: 3 } as const
/** Of a scrape's answer, after its header: seeders, downloads, leechers. */
const scrapeHeaderBytes = 8

let transaction = 1

function ask(socket: Socket, packet: Buffer): Promise<Buffer> {
  const own = transaction++ >>> 0
  packet.writeUInt32BE(own, 12)
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(patience)
      socket.off('message', take)
    }
    const take = (answer: Buffer): void => {
      if (answer.length < 8 || answer.readUInt32BE(4) !== own) return
      settle()
      const isWanted = answer.readUInt32BE(0) === packet.readUInt32BE(8)
      if (isWanted) resolve(answer)
      else
        reject(new Error(`answered with action ${answer.readUInt32BE(0)}: ${answer.toString('latin1', 8)}`))
    }
    const patience = setTimeout(() => {
      settle()
      reject(new Error(`no answer to action ${packet.readUInt32BE(8)} within ${answerMs} ms`))
    }, answerMs)
    socket.on('message', take)
    socket.send(packet)
  })
}

function connectPacket(): Buffer {
  const packet = Buffer.alloc(16)
  packet.writeBigUInt64BE(protocolMagic, 0)
  return packet
}

function announcePacket(connection: Buffer, identity: Identity, step: keyof typeof event): Buffer {
  const packet = Buffer.alloc(98)
  connection.copy(packet, 0)
  packet.writeUInt32BE(action.announce, 8)
  identity.infoHash.copy(packet, 16)
  identity.peerId.copy(packet, 36)
  packet.writeBigUInt64BE(step === 'started' ? 1000n : 0n, 64)
  packet.writeUInt32BE(event[step], 80)
  packet.writeInt32BE(-1, 92)
  packet.writeUInt16BE(identity.port, 96)
  return packet
}

function scrapePacket(connection: Buffer, identity: Identity): Buffer {
  const packet = Buffer.alloc(36)
  connection.copy(packet, 0)
  packet.writeUInt32BE(action.scrape, 8)
  identity.infoHash.copy(packet, 16)
  return packet
}

/** Seeders and leechers that the scrape has to show of a torrent with this one client. */
const alone: Readonly<Record<keyof typeof event, readonly [seeders: number, leechers: number]>> = {
  started: [0, 1],
  completed: [1, 0],
  stopped: [0, 0],
}

/** One announce with what belongs to it; its outcome is counted, whatever it is. */
async function step(
  port: number,
  identity: Identity,
  kind: keyof typeof event,
  counts: Counts,
  remarks: Remarks,
): Promise<void> {
  const socket = createSocket('udp4')
  counts.announces++
  let isAnswered = false
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, '127.0.0.1', resolve)
    })
    const connection = (await ask(socket, connectPacket())).subarray(8, 16)
    await ask(socket, announcePacket(connection, identity, kind))
    isAnswered = true
    counts.answered++
    if (!identity.isAlone) return
    const scrape = await ask(socket, scrapePacket(connection, identity))
    const [seeders, leechers] = alone[kind]
    if (
      scrape.readUInt32BE(scrapeHeaderBytes) !== seeders ||
      scrape.readUInt32BE(scrapeHeaderBytes + 8) !== leechers
    ) {
      counts.wrong++
      remarks.add(`udp ${kind}: a scrape of a client alone shows other counts`)
    }
  } catch (error) {
    if (!isAnswered) counts.failed++
    remarks.add(`udp ${kind}: ${(error as Error).message}`)
  } finally {
    socket.close()
  }
}

/** Lives once; never rejects. */
export function liveUdp(
  port: number,
  plan: LifePlan,
  ending: AbortSignal,
  counts: Counts,
  remarks: Remarks,
): Promise<void> {
  return live(plan, ending, counts, word => step(port, plan.identity, word, counts, remarks))
}

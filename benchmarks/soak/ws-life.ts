// A short-lived WebTorrent client: connects, announces with offers, answers the offers it gets, and goes: with
// `stopped`, with a close, or with its connection cut.
import { WebSocket } from 'ws'
import { type Counts, type Identity, type LifePlan, type Remarks, waitUnless } from './life.js'

const answerMs = 5000
const offersEach = 2
/** As long as descriptions of a data channel are, roughly. */
const description = `v=0\r\n${'a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host\r\n'.repeat(8)}`

/** What is counted of WebTorrent besides. */
export interface Relayed {
  offersReceived: number
  answersReceived: number
}

type Message = Readonly<Record<string, unknown>>

interface Client {
  readonly socket: WebSocket
  /** Announces once; rejects without an answer in time. */
  readonly announce: (message: Message) => Promise<void>
}

function receive(socket: WebSocket, identity: Identity, relayed: Relayed, onAnswer: () => void): void {
  socket.on('message', data => {
    const message = JSON.parse(data.toString()) as Message
    if ('offer' in message) {
      relayed.offersReceived++
      const answer = {
        action: 'announce',
        info_hash: message['info_hash'],
        peer_id: identity.peerId.toString('latin1'),
        to_peer_id: message['peer_id'],
        offer_id: message['offer_id'],
        answer: { type: 'answer', sdp: description },
      }
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(answer))
    } else if ('answer' in message) relayed.answersReceived++
    else if ('interval' in message) onAnswer()
  })
}

async function connect(
  port: number,
  identity: Identity,
  relayed: Relayed,
  remarks: Remarks,
): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/announce`, { perMessageDeflate: false })
  let answered = (): void => undefined
  receive(socket, identity, relayed, () => answered())
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', error => remarks.add(`ws: ${error.message}`))
  return {
    socket,
    announce: message =>
      new Promise((resolve, reject) => {
        const patience = setTimeout(() => reject(new Error(`no answer within ${answerMs} ms`)), answerMs)
        const lost = (): void => {
          clearTimeout(patience)
          reject(new Error('the tracker closed the connection'))
        }
        socket.once('close', lost)
        answered = () => {
          clearTimeout(patience)
          socket.off('close', lost)
          answered = () => undefined
          resolve()
        }
        socket.send(JSON.stringify(message))
      }),
  }
}

function announceOf(identity: Identity, event: 'started' | 'completed' | 'stopped', life: number): Message {
  const offers = Array.from({ length: offersEach }, (_, offer) => ({
    offer_id: `${life}-${event[1]}${offer}`.padStart(20, '.').slice(-20),
    offer: { type: 'offer', sdp: description },
  }))
  return {
    action: 'announce',
    info_hash: identity.infoHash.toString('latin1'),
    peer_id: identity.peerId.toString('latin1'),
    uploaded: 0,
    downloaded: 0,
    left: event === 'started' ? 1000 : 0,
    event,
    numwant: event === 'stopped' ? 0 : offersEach,
    ...(event === 'stopped' ? {} : { offers }),
  }
}

/** Lives once; never rejects. */
export async function liveWs(
  port: number,
  { identity, leechingMs, seedingMs, saysStopped }: LifePlan,
  ending: AbortSignal,
  counts: Counts,
  remarks: Remarks,
  relayed: Relayed,
): Promise<void> {
  const life = counts.started++
  let client: Client | undefined
  const step = async (event: 'started' | 'completed' | 'stopped'): Promise<void> => {
    counts.announces++
    try {
      client ??= await connect(port, identity, relayed, remarks)
      await client.announce(announceOf(identity, event, life))
      counts.answered++
    } catch (error) {
      counts.failed++
      remarks.add(`ws ${event}: ${(error as Error).message}`)
    }
  }
  await step('started')
  await waitUnless(ending, leechingMs)
  await step('completed')
  await waitUnless(ending, seedingMs)
  if (saysStopped) await step('stopped')
  await endConnection(client, life)
  counts.ended++
}

/** Every third connection is cut. */
async function endConnection(client: Client | undefined, life: number): Promise<void> {
  if (client === undefined || client.socket.readyState === WebSocket.CLOSED) return
  const closed = new Promise(resolve => client.socket.once('close', resolve))
  if (life % 3 === 0) client.socket.terminate()
  else client.socket.close()
  await closed
}

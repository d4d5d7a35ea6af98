// Asks a tracker on this machine until it answers: ready means that an announce is answered, not that time has
// passed.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { ReceivedFrame, upgradeRequest } from './frames.js'
import { joinFrame } from './messages.js'

const retryMs = 20
const patienceMs = 15_000
/** Nobody of the loads: the first connection is 0. */
const probePeer = 0xffffff

/** Sends one announce over a WebSocket of its own; resolves with the answer's text, rejects when it ends without. */
export async function announce(port: number, isTls: boolean): Promise<string> {
  const where = { port, host: '127.0.0.1' }
  const socket: Socket = isTls ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where)
  const frame = new ReceivedFrame()
  let received = Buffer.alloc(0)
  let isUpgraded = false
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect')
    socket.write(upgradeRequest)
    for await (const piece of socket) {
      received = Buffer.concat([received, piece as Buffer])
      const headEnd = isUpgraded ? -1 : received.indexOf('\r\n\r\n')
      if (headEnd >= 0) {
        if (!received.toString('latin1').startsWith('HTTP/1.1 101 ')) break
        isUpgraded = true
        received = received.subarray(headEnd + 4)
        socket.write(joinFrame(probePeer, 0, 'stopped').bytes)
      }
      if (isUpgraded && frame.read(received, 0, received.length))
        return received.toString('utf8', frame.start, frame.end)
    }
  } finally {
    socket.destroy()
  }
  throw new Error(`no answer to an announce but ${JSON.stringify(received.toString('latin1').slice(0, 100))}`)
}

/** Resolves when an announce is answered with counts. Rejects when `giveUp` resolves first, or after 15 s. */
export async function waitUntilAnswering(
  port: number,
  isTls: boolean,
  giveUp: Promise<string>,
): Promise<void> {
  let reason: string | undefined
  giveUp.then(sentence => {
    reason = sentence
  })
  const untilMs = performance.now() + patienceMs
  let last = ''
  while (performance.now() < untilMs) {
    const patience = pause(patienceMs / 5, 'silence', { ref: false })
    // Connection refused is what a port says before somebody listens on it.
    last = await Promise.race([announce(port, isTls).catch((error: Error) => error.message), patience])
    if (last.includes('"complete"')) return
    if (reason !== undefined) throw new Error(reason)
    await pause(retryMs)
  }
  throw new Error(`no answer within ${patienceMs} ms: ${last}`)
}

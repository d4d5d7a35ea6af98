// A closed loop of TLS 1.3 announces, a connection each: with a full handshake, or resuming the session of
// the connection before. Prints the lines of the yardstick's generators, and `resumed N`.
// Run: node dist/benchmarks/http/handshake-load.js PORT SECONDS full|resumed
import { connect as connectTcp } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import { torrentCount } from '../support/yardstick.js'
import { encodeAnnounce, parseAnswer } from './announce.js'

const [port, seconds] = process.argv.slice(2, 4).map(Number)
const wantsResumption = process.argv[4] === 'resumed'
// One for all: making it costs more than a handshake.
const secureContext = createSecureContext({ minVersion: 'TLSv1.3' })
let session: Buffer | undefined
let [responses, resumed, failed] = [0, 0, 0]

/** One connection to its end; resolves with whether an announce was answered, and counts a resumption. */
function announceOnce(peer: number): Promise<boolean> {
  return new Promise(resolve => {
    const tcp = connectTcp({ port: port!, host: '127.0.0.1', noDelay: true })
    const resuming = wantsResumption && session !== undefined ? { session } : {}
    const socket = connect({ socket: tcp, secureContext, rejectUnauthorized: false, ...resuming })
    let received: Buffer = Buffer.alloc(0)
    let isAnswered = false
    // A ticket is for one use; the tracker sends new ones after the handshake, before its answer.
    socket.on('session', (ticket: Buffer) => {
      session = ticket
    })
    socket.on('secureConnect', () => {
      if (socket.isSessionReused()) resumed++
      socket.write(encodeAnnounce(Math.floor(Math.random() * torrentCount), peer))
    })
    socket.on('data', (piece: Buffer) => {
      received = received.length === 0 ? piece : Buffer.concat([received, piece])
      isAnswered ||= parseAnswer(received, false)?.status === 200
      if (!isAnswered) return
      // A reset, as the yardstick's connections end: no port is left waiting.
      tcp.resetAndDestroy()
      socket.destroy()
    })
    socket.on('error', (_reset: Error) => undefined)
    socket.on('close', () => resolve(isAnswered))
  })
}

// The first handshake can resume nothing and does not count.
await announceOnce(0)
resumed = 0
const startedMs = performance.now()
for (let peer = 1; performance.now() < startedMs + seconds! * 1000; peer++) {
  if (await announceOnce(peer)) responses++
  else failed++
}
const took = (performance.now() - startedMs) / 1000
process.stdout.write(`failed ${failed}\nresumed ${resumed}\n`)
process.stdout.write(
  `responses ${responses} seconds ${took.toFixed(3)} rate ${(responses / took).toFixed(0)}\n`,
)

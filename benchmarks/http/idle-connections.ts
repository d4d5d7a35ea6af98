// Opens connections, asks once over each, prints `open N` when all are answered, and keeps them idle until
// SIGTERM; then prints `left N`, how many the tracker has not closed.
// Run: node dist/benchmarks/http/idle-connections.js PORT COUNT
import { connect, type Socket } from 'node:net'
import { encodeAnnounce, parseAnswer } from './announce.js'

const openingAtOnce = 64
const [port, count] = process.argv.slice(2).map(Number)
const idle = new Set<Socket>()

/** A loopback address of its own for each of the first 62,500 connections. */
function sourceOf(index: number): string {
  return `127.1.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

/** Resolves when the announce of a new connection is answered. */
function openOne(index: number): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port: port!, host: '127.0.0.1', localAddress: sourceOf(index) })
    let received: Buffer = Buffer.alloc(0)
    socket.on('connect', () => socket.write(encodeAnnounce(0, index, 'stopped')))
    socket.on('data', piece => {
      received = Buffer.concat([received, piece])
      const answer = parseAnswer(received, false)
      if (answer === undefined) return
      if (answer.status !== 200) fail(`connection ${index} was answered with no peers: ${received}`)
      idle.add(socket)
      resolve()
    })
    socket.on('error', error => {
      if (!idle.has(socket)) fail(`connection ${index}: ${error.message}`)
    })
    socket.on('close', () => {
      if (!idle.delete(socket)) fail(`connection ${index} was closed before its answer`)
    })
  })
}

process.on('SIGTERM', () => {
  process.stdout.write(`left ${idle.size}\n`, () => process.exit(0))
})
let next = 0
const opener = async (): Promise<void> => {
  while (next < count!) await openOne(next++)
}
await Promise.all(Array.from({ length: openingAtOnce }, opener))
process.stdout.write(`open ${idle.size}\n`)

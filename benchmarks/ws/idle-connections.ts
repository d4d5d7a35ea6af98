// Opens WebSockets, announces once over each, prints `open N` when all are answered, and keeps them idle until
// stdin ends; then prints `left N`, how many the tracker has not closed.
// Run: node dist/benchmarks/ws/idle-connections.js PORT COUNT
import { readSync } from 'node:fs'
import { Errno } from '../../src/net/errno.js'
import { MSG_DONTWAIT } from '../../src/net/native/constants.js'
import { loadLibc } from '../../src/net/native/libc.js'
import { Connections } from './connections.js'
import { joinFrame, torrentOf } from './messages.js'

const libc = loadLibc()
const [port, count] = process.argv.slice(2).map(Number) as [number, number]

/** Whether a connection is still open; pings may have come over it. */
function isOpen(fd: number): boolean {
  const input = new Uint8Array(512)
  for (;;) {
    const received = libc.recv(fd, input, input.length, MSG_DONTWAIT)
    if (received < 0) return libc.errno() === Errno.EAGAIN
    if (received === 0) return false
  }
}

const connections = new Connections(port, count)
connections.askAll(index => joinFrame(index, torrentOf(index, count), 'started'))
process.stdout.write(`open ${count}\n`)
while (readSync(0, Buffer.alloc(64)) > 0);
process.stdout.write(`left ${connections.fds.filter(isOpen).length}\n`)
process.exit(0)

// What a scrape of everything costs the tracker: seconds, memory, and what others wait meanwhile.
// Run: node dist/benchmarks/http/full-scrape.js [--torrents N] [--engine native|node]

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Child, cleanUpAtExit, startPinned } from '../support/children.js'
import { formatNumber, renderTable } from '../support/markdown.js'
import { readResidentMemory } from '../support/process-accounting.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'

const BINARY = fileURLToPath(new URL('../../../bin/aquatic.js', import.meta.url))
const TRACKER_CORE = 0
/** Announces written at once. */
const BATCH = 1000

async function startTracker(engine: string): Promise<{ tracker: Child; port: number }> {
  const settings = [
    `network.engine=${engine}`,
    'network.address_ipv4=127.0.0.1:0',
    'network.use_ipv6=false',
    'network.max_connections_per_address=0',
    'socket_workers=1',
    'protocol.full_scrape=on',
    'protocol.full_scrape_interval=1',
  ]
  const args = [BINARY, 'serve', 'http', '--json', ...settings.flatMap(setting => ['--set', setting])]
  return new Promise((resolve, reject) => {
    const onStdout = (): void => {
      const port = /"event":"listening".*"port":(\d+)/.exec(tracker.stdout())?.[1]
      if (port !== undefined) resolve({ tracker, port: Number(port) })
    }
    const tracker = startPinned({ command: process.execPath, args, core: TRACKER_CORE, onStdout })
    tracker.exited.then(end => reject(new Error(`the tracker ${end}: ${tracker.stderr()}`)))
  })
}

async function open(port: number, host: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${host}`, noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function fill(port: number, torrents: number): Promise<void> {
  const socket = await open(port, 1)
  const ended = once(socket.resume(), 'end')
  for (let first = 0; first < torrents; first += BATCH) {
    let requests = ''
    for (let torrent = first; torrent < Math.min(torrents, first + BATCH); torrent++) {
      // Scattered bytes, as hashes are: gzip makes little of them.
      const word = Math.imul(torrent, 0x9e3779b1) >>> 0
      const bytes = Array.from(
        { length: 20 },
        (_, index) => ((word >>> (index % 25)) ^ (word * index)) & 0xff,
      )
      const hash = Buffer.from(bytes)
      hash.writeUInt32LE(torrent)
      const query = hash.toString('hex').replace(/../g, '%$&')
      requests += `GET /announce?info_hash=${query}&peer_id=-XX0001-123456789012&port=1&left=1&numwant=0 HTTP/1.1\r\n\r\n`
    }
    if (!socket.write(requests)) await once(socket, 'drain')
  }
  socket.write('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
  await ended
  socket.destroy()
}

interface ScrapeFigures {
  readonly seconds: number
  readonly bytes: number
  readonly growthMebibytes: number
  /** Milliseconds that requests on another connection took meanwhile, sorted. */
  readonly waits: readonly number[]
}

/** Asks for a small page without pause until told to stop. */
async function neighbour(port: number, isOver: () => boolean, beside: () => void): Promise<number[]> {
  const socket = await open(port, 200)
  const waits: number[] = []
  while (!isOver()) {
    const startedAt = performance.now()
    socket.write('GET /health HTTP/1.1\r\n\r\n')
    await once(socket, 'data')
    waits.push(performance.now() - startedAt)
    beside()
  }
  socket.destroy()
  return waits.sort((a, b) => a - b)
}

async function scrape(port: number, pid: number, host: number, headers: string): Promise<ScrapeFigures> {
  const beforeKib = readResidentMemory(pid).nowKib
  let highestKib = beforeKib
  let isOver = false
  const waiting = neighbour(
    port,
    () => isOver,
    () => {
      highestKib = Math.max(highestKib, readResidentMemory(pid).nowKib)
    },
  )
  const socket = await open(port, host)
  const startedAt = performance.now()
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  socket.write(`GET /scrape HTTP/1.1\r\n${headers}\r\n`)
  await once(socket, 'end')
  const seconds = (performance.now() - startedAt) / 1000
  isOver = true
  socket.destroy()
  return { seconds, bytes, growthMebibytes: (highestKib - beforeKib) / 1024, waits: await waiting }
}

async function idle(port: number, milliseconds: number): Promise<readonly number[]> {
  const end = performance.now() + milliseconds
  return neighbour(
    port,
    () => performance.now() >= end,
    () => undefined,
  )
}

function share(sorted: readonly number[], part: number): string {
  return formatNumber(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0, 3)
}

await runProgram(async () => {
  const { values } = parseArgs({
    options: {
      torrents: { type: 'string', default: '1000000' },
      engine: { type: 'string', default: 'native' },
    },
  })
  const torrents = Number(values.torrents)
  if (!(Number.isInteger(torrents) && torrents > 0))
    throw new UsageError('--torrents is a whole number above 0')
  cleanUpAtExit()
  const { tracker, port } = await startTracker(values.engine)
  report(`filling ${torrents} torrents\n`)
  await fill(port, torrents)
  const rows: string[][] = []
  const add = (kind: string, figures: readonly string[], waits: readonly number[]): void => {
    rows.push([kind, ...figures, share(waits, 0.5), share(waits, 0.999), share(waits, 1)])
  }
  add('none', ['', '', ''], await idle(port, 2000))
  for (let round = 0; round < 3; round++) {
    for (const [kind, headers] of [
      ['plain', ''],
      ['gzip', 'Accept-Encoding: gzip\r\n'],
    ]) {
      const host = 10 + 2 * round + (kind === 'gzip' ? 1 : 0)
      const { seconds, bytes, growthMebibytes, waits } = await scrape(port, tracker.pid, host, headers)
      const figures = [
        formatNumber(seconds, 2),
        formatNumber(bytes / 1e6, 1),
        formatNumber(growthMebibytes, 1),
      ]
      add(kind, figures, waits)
    }
  }
  await tracker.stop('SIGTERM')
  const header = [
    'full scrape',
    'seconds',
    'MB',
    'growth, MiB',
    'other requests, ms: median',
    '99.9 %',
    'longest',
  ]
  process.stdout.write(`${renderTable(header, rows)}\n`)
  return ExitCode.ok
})

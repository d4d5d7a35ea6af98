// Nanoseconds for one announce's bytes: decoding (head, target, query) and encoding the answer, with the garbage
// collections that happened meanwhile, which are to be none. Run: node dist/benchmarks/http/codec.js [SECONDS]

import { PerformanceObserver, performance } from 'node:perf_hooks'
import { decodeAnnounceQuery, HttpAnnounceRequest } from '../../src/protocol/http/announce-query.js'
import { encodeAnnounceResponse, HttpAnnounceAnswer } from '../../src/protocol/http/announce-response.js'
import { defaultHeadLimits, HeadStatus, RequestHeadDecoder } from '../../src/protocol/http/request-head.js'
import { connectionWord } from '../../src/protocol/http/response-head.js'
import { decodeTarget, RequestTarget, Route } from '../../src/protocol/http/target.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, runProgram } from '../support/program.js'

/** Calls timed at once: short enough that most batches see no other program on the processor. */
const BATCH = 500
/** What decoding is to stay below, in nanoseconds. */
const DECODE_TARGET_NS = 1000

const OBSERVER_DELAY_MS = 200

const escapedHash = '%12K%a2%a1%b5%0bo%2b%d8%a0%c3%d4%e5%f6%07%18%29%3aK%5c'
const requests: Record<string, string> = {
  qBittorrent: [
    `GET /announce?info_hash=${escapedHash}&peer_id=-qB4620-abcdefghijkl&port=6881&uploaded=0&downloaded=0` +
      '&left=1048576&corrupt=0&key=5E3A1B2C&event=started&numwant=200&compact=1&no_peer_id=1' +
      '&supportcrypto=1&redundant=0 HTTP/1.1',
    'Host: tracker.example.org:3000',
    'User-Agent: qBittorrent/4.6.2',
    'Accept-Encoding: gzip',
    'Connection: close',
    '',
    '',
  ].join('\r\n'),
  Transmission: [
    `GET /announce?info_hash=${escapedHash}&peer_id=-TR4050-abcdefghijkl&port=51413&uploaded=0&downloaded=0` +
      '&left=0&numwant=80&key=1122AABB&compact=1&supportcrypto=1 HTTP/1.1',
    'Host: tracker.example.org:3000',
    'User-Agent: Transmission/4.0.5',
    'Accept: */*',
    'Accept-Encoding: deflate, gzip, br, zstd',
    'X-Forwarded-For: 203.0.113.9, 192.0.2.44',
    'X-Forwarded-Proto: http',
    '',
    '',
  ].join('\r\n'),
}

const decoder = new RequestHeadDecoder(['X-Forwarded-For', 'Accept-Encoding', 'Upgrade'], defaultHeadLimits)
const head = decoder.createHead()
const target = new RequestTarget()
const announce = new HttpAnnounceRequest()
const answer = new HttpAnnounceAnswer()
const out = new Uint8Array(16_384)

function decode(input: Uint8Array, end: number): void {
  const isRead =
    decoder.decode(input, 0, end, 0, head) === HeadStatus.complete &&
    decodeTarget(input, head.targetStart, head.targetEnd, target) === Route.announce &&
    decodeAnnounceQuery(input, target.queryStart, target.queryEnd, announce) === 0
  if (!isRead) throw new Error('the request of the benchmark is refused')
}

/** Fifty peers that lie where the swarm would put them, behind the answer. */
function encode(peers: Uint8Array): void {
  answer.complete = 1234
  answer.incomplete = 56
  answer.intervalSeconds = 1800
  answer.peersStart = peers === out ? 8192 : 0
  answer.peersEnd = answer.peersStart + 50 * 6
  answer.connection = connectionWord(head, true)
  if (encodeAnnounceResponse(out, 0, 8192, answer, peers) < 0) throw new Error('the answer has no room')
}

interface Timing {
  readonly name: string
  readonly bytes: number
  readonly nanoseconds: number
}

/** The fastest batch: the others are those in which something else had the processor. */
function time(name: string, bytes: number, seconds: number, work: () => void): Timing {
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + seconds * 1000
  for (let started = performance.now(); started < end; ) {
    for (let call = 0; call < BATCH; call++) work()
    const now = performance.now()
    best = Math.min(best, now - started)
    started = now
  }
  return { name, bytes, nanoseconds: (best / BATCH) * 1e6 }
}

function measure(seconds: number): Timing[] {
  const timings: Timing[] = []
  for (const [client, text] of Object.entries(requests)) {
    const input = Buffer.alloc(4096)
    const end = input.write(text, 'latin1')
    timings.push(time(`decode, ${client}`, end, seconds, () => decode(input, end)))
  }
  const separate = new Uint8Array(300)
  timings.push(time('encode 50 peers, in place', 300, seconds, () => encode(out)))
  timings.push(time('encode 50 peers, copied', 300, seconds, () => encode(separate)))
  return timings
}

/** Starts of collections, in milliseconds of this process. */
function watchCollections(): number[] {
  const starts: number[] = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) starts.push(entry.startTime)
  }).observe({ entryTypes: ['gc'] })
  return starts
}

/** As many objects as the young generation holds, several times: the observer has to see that. */
function makeGarbage(): number {
  let length = 0
  for (let index = 0; index < 1_000_000; index++) length += new Array(16).fill(index).length
  return length
}

await runProgram(async () => {
  const seconds = Number(process.argv[2] ?? 2)
  const collections = watchCollections()
  measure(seconds / 4)
  // The compiler's own garbage of the warm-up is not the codec's.
  const started = performance.now()
  const timings = measure(seconds)
  const ended = performance.now()
  makeGarbage()
  // The observer hears of collections in a later turn, in their order.
  await new Promise(resolve => setTimeout(resolve, OBSERVER_DELAY_MS))
  if (!collections.some(start => start >= ended)) return ExitCode.invalid
  const meanwhile = collections.filter(start => start >= started && start < ended).length
  const rows = timings.map(({ name, bytes, nanoseconds }) => [name, String(bytes), nanoseconds.toFixed(0)])
  process.stdout.write(`${renderTable(['what', 'bytes', 'ns'], rows)}\n\n`)
  process.stdout.write(
    `${meanwhile} garbage collections in ${((ended - started) / 1000).toFixed(1)} s ` +
      '(one that was provoked afterwards was seen)\n',
  )
  const isSlow = timings.some(
    ({ name, nanoseconds }) => name.startsWith('decode') && nanoseconds >= DECODE_TARGET_NS,
  )
  return meanwhile > 0 || isSlow ? ExitCode.targetMissed : ExitCode.ok
})

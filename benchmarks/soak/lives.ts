// The process of the short-lived clients beside the load generators, which never say `stopped`: clients begin at random
// instants at a fixed mean rate. SIGTERM ends all lives at once, but each says its last word; then the counts are one
// line of JSON on stdout. Arguments: UDP port, HTTP port, WebTorrent port, seconds of a peer's age, seed.
import { createRandom } from '../support/statistics.js'
import { abandonHttp, liveHttp } from './http-life.js'
import { createLifeSource, emptyCounts, type LifePlan, Remarks } from './life.js'
import type { LivesTotals } from './record.js'
import { liveUdp } from './udp-life.js'
import { liveWs } from './ws-life.js'

/** New clients a second. */
const rates = { udp: 20, http: 10, abandoned: 4, ws: 4 } as const
/** A tracker that does not answer must not make this process grow: further lives are left out, and said. */
const mostLives = 20_000

const [udpPort, httpPort, wsPort, peerAgeSeconds, seed] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
]
const random = createRandom(seed)
const drawLife = createLifeSource(random, peerAgeSeconds)
const ending = new AbortController()
const remarks = new Remarks()
const [udp, http, ws] = [emptyCounts(), emptyCounts(), emptyCounts()]
const relayed = { offersReceived: 0, answersReceived: 0 }
let abandoned = 0
const living = new Set<Promise<void>>()

function begin(live: (plan: LifePlan) => Promise<void>): void {
  if (living.size >= mostLives) {
    remarks.add(`more than ${mostLives} clients at once: left out`)
    return
  }
  const life = live(drawLife()).finally(() => living.delete(life))
  living.add(life)
}

/** Begins lives with exponential pauses, until the end. */
function repeat(rate: number, live: (plan: LifePlan) => Promise<void>): void {
  const next = (): void => {
    if (ending.signal.aborted) return
    begin(live)
    setTimeout(next, (-Math.log(1 - random()) * 1000) / rate)
  }
  next()
}

ending.signal.addEventListener('abort', async () => {
  await Promise.all(living)
  const totals: LivesTotals = {
    udp,
    http: { ...http, abandoned },
    ws: { ...ws, ...relayed },
    remarks: remarks.list(),
  }
  process.stdout.write(`${JSON.stringify(totals)}\n`, () => process.exit(0))
})
process.once('SIGTERM', () => ending.abort())

repeat(rates.udp, plan => liveUdp(udpPort, plan, ending.signal, udp, remarks))
repeat(rates.http, plan => liveHttp(httpPort, plan, ending.signal, http, remarks))
repeat(rates.abandoned, plan => {
  abandoned++
  return abandonHttp(httpPort, plan.saysStopped, ending.signal)
})
repeat(rates.ws, plan => liveWs(wsPort, plan, ending.signal, ws, remarks, relayed))

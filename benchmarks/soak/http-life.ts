// A short-lived client of the HTTP tracker (BEP 3, 48): a connection for each announce and scrape, some reset after the
// answer; and clients that break off in the middle of a request, or fall silent in it.
import { get } from 'node:http'
import { connect } from 'node:net'
import { type Counts, type Identity, type LifePlan, live, type Remarks } from './life.js'

const answerMs = 5000
type Step = 'started' | 'completed' | 'stopped'

function percentEncode(bytes: Buffer): string {
  return [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: answerMs }, response => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve(body))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${answerMs} ms`)))
    request.on('error', reject)
  })
}

function announcePath({ infoHash, peerId, port }: Identity, step: Step): string {
  const left = step === 'started' ? 1000 : 0
  return (
    `/announce?info_hash=${percentEncode(infoHash)}&peer_id=${percentEncode(peerId)}&port=${port}` +
    `&uploaded=0&downloaded=0&left=${left}&event=${step}&compact=1`
  )
}

/** What the scrape has to show of a torrent with this one client. */
const alone: Readonly<Record<Step, readonly [seeders: number, leechers: number]>> = {
  started: [0, 1],
  completed: [1, 0],
  stopped: [0, 0],
}

async function step(
  port: number,
  identity: Identity,
  kind: Step,
  counts: Counts,
  remarks: Remarks,
): Promise<void> {
  counts.announces++
  let isAnswered = false
  try {
    const answer = await ask(port, announcePath(identity, kind))
    if (!/^d.*8:intervali/s.test(answer)) throw new Error(`answered with ${answer.slice(0, 80)}`)
    isAnswered = true
    counts.answered++
    if (!identity.isAlone) return
    const scrape = await ask(port, `/scrape?info_hash=${percentEncode(identity.infoHash)}`)
    const [seeders, leechers] = alone[kind]
    if (!scrape.includes(`8:completei${seeders}e`) || !scrape.includes(`10:incompletei${leechers}e`)) {
      counts.wrong++
      remarks.add(`http ${kind}: a scrape of a client alone shows other counts`)
    }
  } catch (error) {
    if (!isAnswered) counts.failed++
    remarks.add(`http ${kind}: ${(error as Error).message}`)
  }
}

/** Lives once; never rejects. */
export function liveHttp(
  port: number,
  plan: LifePlan,
  ending: AbortSignal,
  counts: Counts,
  remarks: Remarks,
): Promise<void> {
  return live(plan, ending, counts, word => step(port, plan.identity, word, counts, remarks))
}

/** Half a request, and then a reset, or nothing more until the tracker closes the connection. Never rejects. */
export function abandonHttp(port: number, isReset: boolean, ending: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const close = (): void => void socket.destroy()
    ending.addEventListener('abort', close, { once: true })
    socket.on('connect', () => {
      socket.write('GET /announce?info_hash=%00%01%02', () => {
        if (isReset) socket.resetAndDestroy()
      })
    })
    // A tracker that closes, or resets, what is silent does what it should.
    socket.on('error', (_ended: Error) => undefined)
    socket.on('end', close)
    socket.resume()
    socket.on('close', () => {
      ending.removeEventListener('abort', close)
      resolve()
    })
  })
}

// The load a tracker is under while something happens to it: one `aquatic loadtest` for each protocol, at a modest
// rate that never waits for the tracker (open loop).

import type { Owner, RunningProcess } from '../support/child-process.js'
import { startBinary } from '../support/tracker-process.js'
import type { Place, Protocol } from './service.js'

/** Outcomes of a load test's requests, all kinds together. */
export interface LoadOutcomes {
  readonly answered: number
  readonly refused: number
  /** Answers no client could read, or of another kind than asked for: never right. */
  readonly wrong: number
  /** Timed out (see `flags`), broken off with a connection, or not sent in time. */
  readonly lost: number
}

/** Requests per second. Together they take about a tenth of one processor of a tracker. */
const ratePerSecond: Readonly<Record<Protocol, number>> = { udp: 400, http: 200, ws: 100 }

/** Datagrams are lost; over connections everything is answered, however long a busy machine takes. */
const patience = ['--timeout', '60s', '--drain', '60s']

const flags: Readonly<Record<Protocol, readonly string[]>> = {
  udp: ['--drain', '2s', '--sockets', '16', '--torrents', '500', '--peers', '2000'],
  http: [...patience, '--connections', '16', '--torrents', '500', '--peers', '2000'],
  ws: [...patience, '--connections', '16', '--torrents', '50', '--offers', '0', '--connection-rate', '100'],
}

/** Longer than any fault takes: it is ended by `stop`. */
const DURATION = '10m'

export class Load {
  readonly #process: RunningProcess

  constructor(owner: Owner, protocol: Protocol, { address, port }: Place) {
    const url = `${protocol}://${address}:${port}${protocol === 'http' ? '/announce' : ''}`
    const rate = String(ratePerSecond[protocol])
    const phases = ['--duration', DURATION, '--warmup', '0', '--workers', '1']
    const args = ['loadtest', protocol, url, '--json', '--rate', rate, ...phases, ...flags[protocol]]
    this.#process = startBinary(owner, args, {})
  }

  /** Ends the load as Ctrl-C does and resolves with what became of its requests. */
  async stop(): Promise<LoadOutcomes> {
    const { stdout, stderr } = await this.#process.stop('SIGINT')
    if (!stdout.startsWith('{"schemaVersion"')) throw new Error(`a load test ended early: ${stdout}${stderr}`)
    const { kinds } = JSON.parse(stdout) as {
      kinds: readonly { outcomes: Readonly<Record<string, number>> }[]
    }
    const sum = (...names: readonly string[]): number =>
      kinds.reduce((total, { outcomes }) => total + names.reduce((some, name) => some + outcomes[name], 0), 0)
    return {
      answered: sum('answered'),
      refused: sum('refused'),
      wrong: sum('malformed', 'wrongType'),
      lost: sum('timedOut', 'broken', 'unsent'),
    }
  }
}

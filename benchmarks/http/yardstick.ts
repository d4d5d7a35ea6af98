// The loads over HTTP: which program makes each, and what it prints. All but one are the yardstick's.
import { fileURLToPath } from 'node:url'
import { runPinned } from '../support/children.js'
import type { LoadCounts } from '../support/cost.js'
import { firstLineOf } from '../support/environment.js'
import { report } from '../support/program.js'
import { buildPrograms, findYardstick } from '../support/yardstick.js'

/** What one run of a load counted, and what the answers were like when it was over. */
export interface LoadResult extends LoadCounts {
  /** Connections that were refused, closed without an answer or answered with another status. */
  readonly failed: number
  /** Share of handshakes that resumed a session, 0 to 1; only where the generator can resume. */
  readonly resumedShare?: number
  /** Mean over some announces after the load; peers and bytes of a whole response, header included. */
  readonly peersPerAnnounce: number
  readonly bytesPerResponse: number
}

/** What a load generator itself knows. */
export type GeneratorCounts = Omit<LoadResult, 'peersPerAnnounce' | 'bytesPerResponse'>

export type LoadName = 'keep' | 'close' | 'tls-keep' | 'tls-full' | 'tls-new' | 'tls-resumed'

/** One way of asking: the program and its arguments after port and seconds. */
export interface Load {
  readonly name: LoadName
  readonly title: string
  readonly isTls: boolean
  readonly program: 'load-http' | 'load-tls' | 'handshake-load'
  readonly args: readonly string[]
}

export const loads: readonly Load[] = [
  {
    name: 'keep',
    title: 'HTTP, 64 kept-alive connections',
    isTls: false,
    program: 'load-http',
    args: ['64', 'keep'],
  },
  {
    name: 'close',
    title: 'HTTP, one connection per request, 64 at a time',
    isTls: false,
    program: 'load-http',
    args: ['64', 'close'],
  },
  {
    name: 'tls-keep',
    title: 'TLS 1.3, 64 kept-alive connections',
    isTls: true,
    program: 'load-tls',
    args: ['64', 'keep'],
  },
  {
    name: 'tls-full',
    title: 'TLS 1.3, a full handshake per request, one at a time',
    isTls: true,
    program: 'load-tls',
    args: ['1', 'close'],
  },
  {
    name: 'tls-new',
    title: 'TLS 1.3, a full handshake per request, by the client that also resumes',
    isTls: true,
    program: 'handshake-load',
    args: ['full'],
  },
  {
    name: 'tls-resumed',
    title: 'TLS 1.3, a resumed handshake per request, one at a time',
    isTls: true,
    program: 'handshake-load',
    args: ['resumed'],
  },
]

/** The commands of the programs, each as words. */
export type Yardstick = Readonly<Record<Load['program'], readonly string[]>>

/** Reads what a load generator prints: the closing line, and what comes before it; throws without one. */
export function parseLoadOutput(output: string): GeneratorCounts {
  const total = /^responses (\d+) seconds ([0-9.]+) rate ([0-9.]+)$/m.exec(output)
  if (total === null) throw new Error(`not the output of a load generator: ${JSON.stringify(output)}`)
  const failed = /^failed (\d+)$/m.exec(output)
  const resumed = /^resumed (\d+)$/m.exec(output)
  const responses = Number(total[1])
  return {
    responses,
    seconds: Number(total[2]),
    responsesPerSecond: Number(total[3]),
    failed: failed === null ? 0 : Number(failed[1]),
    ...(resumed === null ? {} : { resumedShare: Number(resumed[1]) / Math.max(1, responses) }),
  }
}

/** Why loads over TLS cannot be built here; undefined when they can. */
function missingForTls(): string | undefined {
  const header = firstLineOf('gcc', ['-E', '-include', 'openssl/ssl.h', '-x', 'c', '/dev/null'])
  return header === undefined ? 'no openssl/ssl.h (Debian: `apt-get install libssl-dev`)' : undefined
}

/** The loads whose generators can be built here; says which cannot, and why. */
export function onlyBuildable<Kind extends { readonly isTls: boolean }>(chosen: readonly Kind[]): Kind[] {
  const missing = chosen.some(load => load.isTls) ? missingForTls() : undefined
  if (missing === undefined) return [...chosen]
  report(`no load over TLS: ${missing}\n`)
  return chosen.filter(load => !load.isTls)
}

/** Builds the load generators of the loads into `outputDirectory`; `flag` may name their sources. */
export function buildYardstick(
  flag: string | undefined,
  repository: string,
  outputDirectory: string,
  chosen: readonly Load[],
): Yardstick {
  const directory = findYardstick(flag, repository, 'load-http.c')
  const programs = [...new Set(chosen.map(load => load.program))].filter(name => name !== 'handshake-load')
  const paths = new Map(programs.map(name => [name, buildPrograms(directory, outputDirectory, [name])]))
  return {
    'load-http': paths.get('load-http') ?? [],
    'load-tls': paths.get('load-tls') ?? [],
    'handshake-load': [process.execPath, fileURLToPath(new URL('./handshake-load.js', import.meta.url))],
  }
}

/** Runs one load against a port of this machine, pinned to `core`. */
export async function runLoad(
  yardstick: Yardstick,
  load: Load,
  port: number,
  seconds: number,
  core: number,
): Promise<GeneratorCounts> {
  const [command, ...first] = yardstick[load.program]
  const args = [...first, String(port), String(seconds), ...load.args]
  return parseLoadOutput(await runPinned({ command: command!, args, core }))
}

// The generators of load over HTTP that are compared, each asking 64 at a time, and how each is told.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPrograms, findYardstick } from '../support/yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const CONNECTIONS = 64
const NUMWANT = 30

export type LoadName = 'keep' | 'close' | 'tls-keep'

export interface HttpLoadKind {
  readonly name: LoadName
  readonly title: string
  readonly isTls: boolean
  readonly closes: boolean
}

export const loads: readonly HttpLoadKind[] = [
  { name: 'keep', title: '64 kept-alive connections', isTls: false, closes: false },
  { name: 'close', title: 'one connection for each request, 64 at a time', isTls: false, closes: true },
  { name: 'tls-keep', title: 'TLS 1.3, 64 kept-alive connections', isTls: true, closes: false },
]

export const oursName = 'aquatic loadtest'
export const yardstickName = 'yardstick'

export interface HttpGenerator {
  readonly name: string
  /** The command against a port; undefined where it can't make this load. It is ended when it was measured. */
  readonly commandFor: (load: HttpLoadKind, port: number, seconds: number) => readonly string[] | undefined
}

export interface Places {
  /** Directory of the yardstick's sources, or undefined for where it is looked for. */
  readonly yardstick: string | undefined
  readonly scratchDirectory: string
  /** Path of aquatic's own load test; undefined or missing: it is left out. */
  readonly aquaticHttpLoadTest: string | undefined
}

export function createGenerators(places: Places): HttpGenerator[] {
  const sources = findYardstick(places.yardstick, repository, 'load-http.c')
  const [loadHttp, loadTls] = buildPrograms(sources, places.scratchDirectory, ['load-http', 'load-tls'])
  const generators: HttpGenerator[] = [
    { name: oursName, commandFor: (load, port, seconds) => ours('native', load, port, seconds) },
    {
      name: `${oursName}, node engine`,
      commandFor: (load, port, seconds) => ours('node', load, port, seconds),
    },
    {
      name: yardstickName,
      commandFor: ({ isTls, closes }, port, seconds) =>
        isTls
          ? [loadTls!, String(port), String(seconds), String(CONNECTIONS), 'keep']
          : [loadHttp!, String(port), String(seconds), String(CONNECTIONS), closes ? 'close' : 'keep'],
    },
  ]
  const theirs = places.aquaticHttpLoadTest
  if (theirs === undefined || !existsSync(theirs)) return generators
  return [
    ...generators,
    {
      name: 'aquatic_http_load_test',
      commandFor: (load, port, seconds) => [theirs, '-c', writeSettings(places, load, port, seconds)],
    },
  ]
}

function ours(engine: string, { isTls, closes }: HttpLoadKind, port: number, seconds: number): string[] {
  return [
    process.execPath,
    join(repository, 'bin/aquatic.js'),
    'loadtest',
    'http',
    ...['--set', `server_address=127.0.0.1:${port}`, '--tls', isTls ? 'on' : 'off'],
    ...['--engine', engine, '--workers', '1', '--connections', String(CONNECTIONS)],
    ...['--numwant', String(NUMWANT), '--warmup', '0s', '--duration', `${seconds}s`, '--no-tui', '--quiet'],
    closes ? '--no-keep-alive' : '--keep-alive',
  ]
}

/** aquatic's load test reads its settings from a file. */
function writeSettings(
  { scratchDirectory }: Places,
  { isTls, closes }: HttpLoadKind,
  port: number,
  seconds: number,
): string {
  const path = join(scratchDirectory, `aquatic-http-load-test-${port}.toml`)
  const lines = [
    `server_address = "127.0.0.1:${port}"`,
    `num_connections = ${CONNECTIONS}`,
    // 0 opens the next as soon as one is closed, one at a time; with 10 there are 100 a second at most.
    `connection_creation_interval_ms = ${closes ? 0 : 10}`,
    `duration = ${seconds}`,
    `keep_alive = ${!closes}`,
    `enable_tls = ${isTls}`,
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

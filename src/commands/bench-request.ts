// What the flags of `aquatic bench` ask for, checked before anything is started.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { BenchRequest } from '../bench/bench.js'
import type { BenchProtocol, Contender, Places } from '../bench/contender.js'
import { joinCommand } from '../bench/report/command-text.js'
import type { Workload } from '../bench/workloads.js'
import { AquaticError } from '../errors.js'
import type { BenchFlagValues } from './bench-command.js'

/** `KEY=VALUE` flags as a map. @throws a usage error naming the flag */
export function keyed(flag: string, values: readonly string[] | undefined): Map<string, string> {
  return new Map(
    (values ?? []).map(text => {
      const at = text.indexOf('=')
      if (at < 1 || at === text.length - 1) {
        throw usage(`--${flag} ${text} is not KEY=VALUE.`, `--${flag} mine=…`)
      }
      return [text.slice(0, at), text.slice(at + 1)] as const
    }),
  )
}

function usage(message: string, remedy: string): AquaticError {
  return new AquaticError('AQ_BENCH_REQUEST', message, { remedy })
}

/** `--path KEY=FILE`, as absolute paths: contenders are started elsewhere. @throws for a key that nobody has */
export function placesOf(paths: ReadonlyMap<string, string>, contenders: readonly Contender[]): Places {
  for (const key of paths.keys()) {
    if (contenders.some(contender => contender.key === key)) continue
    throw usage(
      `--path ${key}=…: there is no contender ${key}.`,
      `one of ${contenders.map(contender => contender.key).join(', ')}; --command for others`,
    )
  }
  const absolute = new Map([...paths].map(([key, path]) => [key, resolve(path)]))
  return { paths: absolute, environment: process.env }
}

/** A program that was named and is not there is a slip, not a contender that happens to be missing. */
export function checkPaths(paths: ReadonlyMap<string, string>): void {
  for (const [key, path] of paths) {
    if (existsSync(path)) continue
    throw usage(
      `--path ${key}=${path}: there is no such file.`,
      `a file that is there; without --path, ${key} is sought in PATH`,
    )
  }
}

/** Contenders that the user brings along. */
export interface OwnContenders {
  readonly commands: Readonly<Record<string, string>>
  readonly urls: Readonly<Record<string, string>>
}

export function ownContenders({ command, url }: Pick<BenchFlagValues, 'command' | 'url'>): OwnContenders {
  const commands = Object.fromEntries(keyed('command', command))
  for (const [key, text] of Object.entries(commands)) {
    if (text.includes('{port}')) continue
    throw usage(
      `--command ${key}=… has no {port}: it is to listen where it is told.`,
      `--command ${key}='${text} --port {port}'`,
    )
  }
  const urls = Object.fromEntries(keyed('url', url))
  for (const [key, text] of Object.entries(urls)) {
    if (URL.canParse(text) && /^(udp|https?|wss?):\/\/./.test(text)) continue
    throw usage(`--url ${key}=${text} is no address of a tracker.`, `--url ${key}=udp://192.0.2.1:6969`)
  }
  return { commands, urls }
}

/** Everyone who is known, and those of the user. @throws where two have one name */
export async function allContenders({ commands, urls }: OwnContenders): Promise<readonly Contender[]> {
  const { contenders } = await import('../bench/registry.js')
  const { commandContender, urlContender } = await import('../bench/contenders/user.js')
  const all = [
    ...contenders,
    ...Object.entries(commands).map(([key, text]) => commandContender(key, text)),
    ...Object.entries(urls).map(([key, url]) => urlContender(key, url)),
  ]
  const twice = all.find(({ key }, index) => all.findIndex(other => other.key === key) !== index)
  if (twice !== undefined) {
    throw usage(`There are two contenders ${twice.key}.`, `another name: --command my-${twice.key}=…`)
  }
  return all
}

/** Those that are to take part. */
export function chooseContenders(
  all: readonly Contender[],
  { contender, quick }: Pick<BenchFlagValues, 'contender' | 'quick'>,
  own: OwnContenders,
): readonly Contender[] {
  const ownKeys = [...Object.keys(own.commands), ...Object.keys(own.urls)]
  const wanted = contender ?? (quick ? ['aquatic', 'opentracker', ...ownKeys] : undefined)
  if (wanted === undefined) return all
  const unknown = wanted.filter(key => !all.some(candidate => candidate.key === key))
  if (unknown.length > 0) {
    throw usage(
      `There is no contender ${unknown.join(', ')}.`,
      `one of ${all.map(({ key }) => key).join(', ')}, or --command ${unknown[0]}='PROGRAM …'`,
    )
  }
  return all.filter(({ key }) => wanted.includes(key))
}

/** Of the saturation; half of it is measured always. */
const CURVE_SHARES = [0.25, 0.75, 0.9]
const QUICK_WORKLOADS = ['udp-mixed', 'http-close']
/** HTTP announces of more take too long for a glance. */
const QUICK_PEERS = 30_000
const PEERS = 200_000

async function chooseWorkloads(
  protocols: readonly BenchProtocol[],
  { workload: wanted, state, quick, peers }: BenchFlagValues,
): Promise<Workload[]> {
  const { largeState, withPeers, workloads } = await import('../bench/workloads.js')
  const all = workloads
    .filter(({ service }) => protocols.includes(service.protocol))
    .map(workload => withPeers(workload, peers ?? (quick ? QUICK_PEERS : PEERS)))
  if (state !== undefined && !protocols.includes('udp')) {
    throw usage('--state fills over UDP, which is not compared here.', 'aquatic bench udp --state 1')
  }
  const states = [...new Set(state)].map(largeState)
  for (const { title, fillPeers } of states) await checkMemory(title, fillPeers)
  if (wanted === undefined) {
    const usual = quick ? all.filter(({ key }) => QUICK_WORKLOADS.includes(key)) : all
    // `bench ws --quick` has none of them: a glance is all there is.
    return [...(usual.length === 0 ? all : usual), ...states]
  }
  // A state may be named too: it is how to have nothing else.
  const known = [...all, ...states].map(({ key }) => key)
  const unknown = wanted.filter(key => !known.includes(key))
  if (unknown.length > 0) {
    throw usage(`There is no workload ${unknown.join(', ')}.`, `one of ${known.join(', ')}`)
  }
  return [...all.filter(({ key }) => wanted.includes(key)), ...states]
}

/** What trackers take for a peer at most, as far as is known, with its part of a torrent. */
const TRACKER_BYTES_PER_PEER = 130
/** The load test's own book of them. */
const LOAD_BYTES_PER_PEER = 30

/** A machine without enough memory would swap or kill, not measure. */
async function checkMemory(title: string, peers: number): Promise<void> {
  const neededBytes = peers * (TRACKER_BYTES_PER_PEER + LOAD_BYTES_PER_PEER)
  const freeBytes = process.availableMemory()
  if (neededBytes <= freeBytes) return
  const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)
  const millions = Math.floor(freeBytes / (TRACKER_BYTES_PER_PEER + LOAD_BYTES_PER_PEER) / 1e6)
  throw usage(
    `${title} may take ${gibibytes(neededBytes)} GiB, and ${gibibytes(freeBytes)} are free.`,
    millions < 1 ? 'leave --state away' : `--state ${millions} or less`,
  )
}

/** Objectives have to be ones of each protocol that is asked. */
async function checkObjectives(objectives: readonly string[], workloads: readonly Workload[]): Promise<void> {
  const { parseObjective } = await import('../config/objective.js')
  const { kindsOf } = await import('../loadtest/kinds.js')
  for (const text of objectives) {
    for (const { service } of workloads) {
      const parsed = parseObjective(text, kindsOf[service.protocol])
      if ('problem' in parsed)
        throw usage(`--slo ${text} can't be used. ${parsed.problem}`, '--slo announce.p99<5ms')
    }
  }
}

/** @throws a usage error, one sentence, for what can't be done */
export async function requestOf(
  protocols: readonly BenchProtocol[],
  flags: BenchFlagValues,
  contenders: readonly Contender[],
  own: OwnContenders,
  places: Places,
): Promise<BenchRequest> {
  const { quick } = flags
  const keys = contenders.map(({ key }) => key)
  const baseline = flags.baseline ?? (keys.includes('opentracker') ? 'opentracker' : keys[0]!)
  if (!keys.includes(baseline)) {
    throw usage(`--baseline ${baseline} does not take part.`, `one of ${keys.join(', ')}`)
  }
  const workloads = await chooseWorkloads(protocols, flags)
  const objectives = flags.slo ?? []
  await checkObjectives(objectives, workloads)
  return {
    command: joinCommand(['aquatic', 'bench', ...process.argv.slice(3)]),
    workloads,
    baseline,
    blocks: flags.blocks ?? (quick ? 3 : 6),
    seed: flags.seed,
    measuresNoise: !quick,
    numwant: 30,
    warmUpSeconds: flags.warmup ?? (quick ? 1 : 2),
    measureSeconds: flags.duration ?? (quick ? 2 : 5),
    latencyShare: 0.5,
    curveShares: flags.curve ? CURVE_SHARES : [],
    coolDownSeconds: quick ? 0.2 : 1,
    objectives,
    startLimitSeconds: flags['start-limit'],
    ...own,
    paths: Object.fromEntries(places.paths),
    processorMode: flags['cpu-mode'],
    processors: flags.processors,
  }
}

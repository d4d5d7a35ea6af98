// The machine a figure was taken on, and what makes figures of it doubtful.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { outputOf } from './programs.js'

/** ` (commit 0123456789ab)`, with `, changed` where files differ from it; nothing outside a checkout. */
export async function commitOf(directory: string): Promise<string> {
  const git = (...args: string[]): Promise<string | undefined> => outputOf('git', ['-C', directory, ...args])
  const commit = (await git('rev-parse', '--short=12', 'HEAD'))?.trim()
  if (commit === undefined || commit === '') return ''
  const changes = await git('status', '--porcelain', '--', 'src', 'bin', 'package.json')
  return ` (commit ${commit}${changes === '' ? '' : ', changed'})`
}

export interface Environment {
  readonly processor: string
  readonly processors: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly mitigations: string
  /** Of all processors, those that differ joined by a comma. */
  readonly governor: string | null
  /** Whether processors may run faster than their nominal frequency for a while. */
  readonly hasTurbo?: boolean | null
  readonly hasHyperthreads: boolean | null
  readonly virtualisation: string | null
  readonly receiveBufferBytesMax: number | null
  readonly sendBufferBytesMax: number | null
  readonly openFilesMax: number | null
  readonly loadAverage: number
  readonly node: string
}

const VULNERABILITIES = '/sys/devices/system/cpu/vulnerabilities'

export async function readEnvironment(): Promise<Environment> {
  const model = cpus()
  return {
    processor: model[0]?.model.trim() ?? 'unknown',
    processors: model.length,
    memoryBytes: totalmem(),
    kernel: `Linux ${release()} ${process.arch}`,
    mitigations: readMitigations(),
    governor: readGovernors(),
    hasTurbo: readTurbo(),
    hasHyperthreads: flag(readLine('/sys/devices/system/cpu/smt/active')),
    virtualisation: (await outputOf('systemd-detect-virt', []))?.trim() ?? null,
    receiveBufferBytesMax: numberOf(readLine('/proc/sys/net/core/rmem_max')),
    sendBufferBytesMax: numberOf(readLine('/proc/sys/net/core/wmem_max')),
    openFilesMax: openFilesMax(),
    loadAverage: loadavg()[0],
    node: process.version,
  }
}

/** A machine that does something else changes figures; half a processor is what bench and shell may use themselves. */
const LOAD_AVERAGE_MAX = 0.7

/** What makes figures of this machine doubtful, one sentence each. */
export function environmentWarnings(environment: Environment): string[] {
  const { loadAverage, governor, hasTurbo } = environment
  const warnings: string[] = []
  if (loadAverage > LOAD_AVERAGE_MAX) {
    warnings.push(
      `The machine was busy at the start (load average ${loadAverage.toFixed(2)}): end what else runs.`,
    )
  }
  if (governor !== null && governor !== 'performance') {
    warnings.push(`The frequency governor is ${governor}: cpupower frequency-set -g performance.`)
  }
  if (hasTurbo === true) {
    warnings.push(
      'Processors may run faster while they are cool, which changes with time: switch turbo (boost) off for steady figures.',
    )
  }
  return warnings
}

function readGovernors(): string | null {
  const governors = readdirSync('/sys/devices/system/cpu')
    .filter(name => /^cpu\d+$/.test(name))
    .map(name => readLine(`/sys/devices/system/cpu/${name}/cpufreq/scaling_governor`))
    .filter(governor => governor !== null)
  return governors.length === 0 ? null : [...new Set(governors)].join(', ')
}

/** Drivers say either that it is off, or that it is on. */
function readTurbo(): boolean | null {
  const isOff = flag(readLine('/sys/devices/system/cpu/intel_pstate/no_turbo'))
  return isOff === null ? flag(readLine('/sys/devices/system/cpu/cpufreq/boost')) : !isOff
}

function readLine(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null
}

function flag(text: string | null): boolean | null {
  return text === null ? null : text === '1'
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text)
}

function openFilesMax(): number | null {
  const limits = readLine('/proc/self/limits')
  return numberOf(/^Max open files\s+\S+\s+(\d+)/m.exec(limits ?? '')?.[1] ?? null)
}

function readMitigations(): string {
  if (!existsSync(VULNERABILITIES)) return 'unknown'
  const active = readdirSync(VULNERABILITIES)
    .map(name => [name, readLine(`${VULNERABILITIES}/${name}`) ?? 'unknown'])
    .filter(([, state]) => !state.startsWith('Not affected'))
  return active.length === 0 ? 'none needed' : active.map(([name, state]) => `${name}: ${state}`).join('; ')
}

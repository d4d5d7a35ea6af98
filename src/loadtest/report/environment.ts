// The machine a load test ran on, as far as figures depend on it. What the system does not tell is null.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { arch, cpus, loadavg, release, type } from 'node:os'
import { softLimit } from '../../config/machine/limits.js'
import type { Machine } from '../../config/machine/needs.js'
import { thisMachine } from '../../config/machine/this-machine.js'
import { packageRoot } from './package-root.js'

/** Keys and order are those of the document. */
export interface Environment {
  /** Wall-clock time at which all this was read: the start of the run. */
  readonly time: string
  readonly aquaticVersion: string
  /** Of a git checkout, `-dirty` where files differ from it; null where aquatic is installed in another way. */
  readonly aquaticCommit: string | null
  readonly nodeVersion: string
  /** `Linux 6.1.0 x64` */
  readonly kernel: string
  readonly processorModel: string
  /** Those of the machine, and those this process may use. */
  readonly processors: number
  readonly processorsUsable: number
  /** Frequency governor of the first processor: `performance`, `powersave`. */
  readonly governor: string | null
  /** State of each weakness of the processor that the kernel knows of, those it is not affected by left out. */
  readonly mitigations: Readonly<Record<string, string>>
  readonly isVirtualised: boolean | null
  readonly memoryBytes: number
  /** net.core.rmem_max and net.core.wmem_max. */
  readonly receiveBufferMaxBytes: number | null
  readonly sendBufferMaxBytes: number | null
  /** `ulimit -n`; null for unlimited too. */
  readonly openFilesMax: number | null
  /** Over 1, 5 and 15 minutes. */
  readonly loadAverages: readonly number[]
}

/** More weaknesses than any processor has; longer texts are cut. */
const MITIGATIONS_MAX = 64
const TEXT_CHARACTERS_MAX = 200
const GIT_TIMEOUT_MS = 2_000
const vulnerabilities = '/sys/devices/system/cpu/vulnerabilities'

/** To be read before the run, which changes the load averages. @param aquaticVersion of package.json */
export async function readEnvironment(
  aquaticVersion: string,
  machine: Machine = thisMachine(),
): Promise<Environment> {
  const [governor, cpuinfo, receiveBufferMaxBytes, sendBufferMaxBytes, limits] = await Promise.all([
    machine.readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    machine.readText('/proc/cpuinfo'),
    readNumber(machine, '/proc/sys/net/core/rmem_max'),
    readNumber(machine, '/proc/sys/net/core/wmem_max'),
    machine.readText('/proc/self/limits'),
  ])
  const processors = cpus()
  return {
    time: new Date().toISOString(),
    aquaticVersion,
    aquaticCommit: await readCommit(packageRoot),
    nodeVersion: process.version,
    kernel: `${type()} ${release()} ${arch()}`,
    processorModel: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    processorsUsable: machine.processors,
    governor: governor === undefined ? null : line(governor),
    mitigations: await readMitigations(machine),
    isVirtualised: cpuinfo === undefined ? null : isVirtualised(cpuinfo),
    memoryBytes: machine.memoryBytes,
    receiveBufferMaxBytes,
    sendBufferMaxBytes,
    openFilesMax: limits === undefined ? null : finite(softLimit(limits, 'Max open files')),
    loadAverages: loadavg(),
  }
}

/** Commit of the checkout at `root`; null where it is none, or git is missing or refuses. */
export function readCommit(root: string): Promise<string | null> {
  if (!existsSync(`${root}/.git`)) return Promise.resolve(null)
  const args = ['-C', root, 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' }
  return new Promise(resolve => {
    execFile('git', args, { env, timeout: GIT_TIMEOUT_MS }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : null)
    })
  })
}

async function readMitigations(machine: Machine): Promise<Record<string, string>> {
  const names = ((await machine.list(vulnerabilities)) ?? []).slice(0, MITIGATIONS_MAX)
  const entries = await Promise.all(
    names.map(
      async name => [name, line((await machine.readText(`${vulnerabilities}/${name}`)) ?? '')] as const,
    ),
  )
  return Object.fromEntries(
    entries.filter(([, text]) => text !== '' && text !== 'Not affected').sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Hypervisors say so in a flag of x86 processors; others have no flags of this name. */
function isVirtualised(cpuinfo: string): boolean | null {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)
  return flags === null ? null : /\bhypervisor\b/.test(flags[1])
}

async function readNumber(machine: Machine, path: string): Promise<number | null> {
  const text = (await machine.readText(path))?.trim()
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text)
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value
}

function line(text: string): string {
  return text.trim().slice(0, TEXT_CHARACTERS_MAX)
}

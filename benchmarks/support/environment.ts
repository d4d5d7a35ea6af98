// The machine a figure was taken on: a cost in microseconds means nothing without it.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** One line of the environment block. */
export type EnvironmentEntry = readonly [label: string, value: string]

const vulnerabilitiesDirectory = '/sys/devices/system/cpu/vulnerabilities'

/** The processor weaknesses that cost something here: name and state, without those that do not apply. */
export function summarizeMitigations(states: Readonly<Record<string, string>>): string {
  const active = Object.entries(states).filter(([, state]) => !state.startsWith('Not affected'))
  if (active.length === 0) return 'none needed'
  return active.map(([name, state]) => `${name}: ${state}`).join('; ')
}

function readLine(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

function readMitigations(): string {
  if (!existsSync(vulnerabilitiesDirectory)) return 'unknown'
  const states: Record<string, string> = {}
  for (const name of readdirSync(vulnerabilitiesDirectory)) {
    states[name] = readLine(join(vulnerabilitiesDirectory, name)) ?? 'unknown'
  }
  return summarizeMitigations(states)
}

/** Runs a program for its first line of output; undefined when it is missing or fails. */
export function firstLineOf(
  command: string,
  args: readonly string[],
  directory?: string,
): string | undefined {
  try {
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore']
    return execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio }).split('\n')[0]
  } catch (error) {
    // Missing programs and failing ones are an ordinary answer here; anything else is a mistake of the
    // benchmark.
    if (error instanceof Error && ('status' in error || 'code' in error)) return undefined
    throw error
  }
}

/** The commit of a checkout, marked when files differ from it; 'unknown' outside a repository. */
export function describeCommit(directory: string): string {
  const commit = firstLineOf('git', ['rev-parse', '--short=12', 'HEAD'], directory)
  if (commit === undefined || commit === '') return 'unknown'
  const changes = firstLineOf('git', ['status', '--porcelain', '--', 'src', 'bin', 'package.json'], directory)
  return changes === '' ? commit : `${commit} with local changes`
}

/**
 * Describes processor, kernel, node and what may have disturbed the run. Call it before the first
 * measurement.
 */
export function describeEnvironment(trackerCore: number): EnvironmentEntry[] {
  const governor = readLine(`/sys/devices/system/cpu/cpu${trackerCore}/cpufreq/scaling_governor`)
  const receiveLimitBytes = readLine('/proc/sys/net/core/rmem_max') ?? 'unknown'
  const sendLimitBytes = readLine('/proc/sys/net/core/wmem_max') ?? 'unknown'
  return [
    ['date', new Date().toISOString()],
    ['processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', `Linux ${release()} ${process.arch}`],
    ['mitigations', readMitigations()],
    ['frequency governor', governor ?? 'not readable'],
    ['socket buffer limits', `net.core.rmem_max ${receiveLimitBytes}, net.core.wmem_max ${sendLimitBytes}`],
    ['node', process.version],
    [
      'load average at start',
      loadavg()
        .map(value => value.toFixed(2))
        .join(' '),
    ],
  ]
}

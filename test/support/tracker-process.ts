// The built binary as a child process, ready when it says that it listens.
import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Owner, type ProcessEnd, type RunningProcess, startProcess } from './child-process.js'

/** The directory with package.json, seen from dist/test/support. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))

const binary = `${packageRoot}bin/aquatic.js`

export type Family = 4 | 6

/** One line of `serve --json`: an address that answers. */
export type Listening = {
  readonly event: 'listening'
  readonly protocol: string
  readonly address: string
  readonly port: number
  readonly engine: string
  readonly workers: number
}

export type TrackerOptions = {
  readonly protocol?: 'udp' | 'http' | 'ws'
  /** Address families to serve, both on a free loopback port; the ones this machine has unless told. */
  readonly families?: readonly Family[]
  /** Configuration keys as in the TOML file: `{ 'network.engine': 'node' }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** Environment variables beside those of `cleanEnvironment`. */
  readonly environment?: NodeJS.ProcessEnv
  /** Bound sockets of this process, handed over as a service manager does (LISTEN_FDS). */
  readonly passSockets?: readonly number[]
  /** Further command line arguments. */
  readonly args?: readonly string[]
}

export type TrackerProcess = {
  readonly process: RunningProcess
  readonly listening: readonly Listening[]
  /** The port served on one family's loopback address. */
  port(family: Family): number
  /** `udp://127.0.0.1:43123` or `wss://[::1]:43123/announce`, as a torrent file carries it. */
  announceUrl(family: Family): string
  /** Sends the signal and resolves with how the tracker ended and all it said. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>
}

/** An address as in a URL. */
export const loopback: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '[::1]' }

/** True if ::1 exists; containers are often without it. */
export function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some(addresses =>
    addresses?.some(({ address }) => address === '::1'),
  )
}

/** The command line after `node`, for tests that start the binary in their own way. */
export function binaryArguments(...args: readonly string[]): readonly string[] {
  return [binary, ...args]
}

/** This process's environment without what would configure a tracker or speak to the test runner. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter(([key]) => !/^(AQUATIC_|LISTEN_|NOTIFY_|WATCHDOG_|NODE_TEST_CONTEXT$)/.test(key)),
  )
}

/** Starts the binary, as a service manager does where sockets are passed. */
export function startBinary(
  owner: Owner,
  args: readonly string[],
  { environment = {}, passSockets = [] }: Pick<TrackerOptions, 'environment' | 'passSockets'>,
): RunningProcess {
  const command = [process.execPath, ...binaryArguments(...args)]
  const env = { ...cleanEnvironment(), ...environment }
  if (passSockets.length === 0) return startProcess(owner, command[0], command.slice(1), { env })
  // Only the process itself knows its number before it runs.
  const wrapped = ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command]
  const listen = { LISTEN_FDS: String(passSockets.length), ...env }
  return startProcess(owner, 'sh', wrapped, { env: listen, passDescriptors: passSockets })
}

/**
 * Starts `aquatic serve` on free loopback ports and resolves when every address answers.
 * Rejects with the tracker's output if it ends before that. The owner's end kills it.
 */
export async function startTracker(owner: Owner, options: TrackerOptions = {}): Promise<TrackerProcess> {
  const families = options.families ?? (hasIpv6Loopback() ? [4, 6] : [4])
  const settings = {
    'network.use_ipv4': families.includes(4),
    'network.use_ipv6': families.includes(6),
    'network.address_ipv4': '127.0.0.1:0',
    'network.address_ipv6': '[::1]:0',
    ...options.settings,
  }
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const protocol = options.protocol ?? 'udp'
  const args = ['serve', protocol, '--json', ...sets, ...(options.args ?? [])]
  const child = startBinary(owner, args, options)
  const places = families.length + ('network.unix_socket_path' in settings ? 1 : 0)
  const lines = await child.waitForLines('stdout', /"event":"listening"/, places)
  const listening = lines.map(line => JSON.parse(line) as Listening)
  const on = (family: Family): Listening => {
    const found = listening.find(({ address }) => address.includes(':') === (family === 6))
    if (found === undefined) throw new Error(`no IPv${family} address among ${lines.join(' ')}`)
    return found
  }
  const path = protocol === 'udp' ? '' : '/announce'
  return {
    process: child,
    listening,
    port: family => on(family).port,
    announceUrl: family => `${on(family).protocol}://${loopback[family]}:${on(family).port}${path}`,
    stop: (signal = 'SIGTERM') => child.stop(signal),
  }
}

// The tracker under test: all protocols in one process on free ports of the loopback address, two workers for each,
// everything that is forgotten by age forgotten soon; and what there is to read of it and its end.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, startUnpinned } from '../support/children.js'
import { parseProcessorTicks, readTicksPerSecond } from '../support/process-accounting.js'
import { figuresOf } from './metrics.js'
import type { SoakPlan } from './plan.js'
import type { Ending, Sample } from './record.js'

const readyMs = 15_000
/** A look at a tracker that is busy, on a machine that is. */
const sampleMs = 30_000
/** Longer than the tracker may take: how long it really took is what is judged. */
const stopPatienceMs = 10_000
/** Several times as many as the load opens. */
const mostConnections = 4096
const listening = ['udp', 'http', 'ws', 'metrics'] as const

export type Ports = Readonly<Record<(typeof listening)[number], number>>

export interface SoakTracker {
  readonly child: Child
  readonly ports: Ports
  readonly sample: (second: number, phase: Sample['phase'], loadAverage: number) => Promise<Sample>
  /** Ends it with SIGTERM, and looks at what is left. */
  readonly stop: () => Promise<Pick<Ending, 'exitCode' | 'stopMs' | 'leftBehind' | 'logged'>>
}

/**
 * The settings that differ from the defaults, as keys of `aquatic serve`. Tables that are sized for the connections there
 * may be are touched at random places, page by page: by default WebTorrent's members have 16 MiB of chains, and it takes
 * some ten thousand clients until all of it is touched, which no judge could tell from a slow leak.
 */
function trackerSettings({ peerAgeSeconds, cleaningSeconds }: SoakPlan): readonly string[] {
  return [
    'network.engine=native',
    `swarm.memory_limit=${2 ** 30}`,
    `ws.swarm.memory_limit=${2 ** 28}`,
    'statistics.run_prometheus_endpoint=true',
    'statistics.prometheus_endpoint_address=127.0.0.1:0',
    `cleaning.max_peer_age=${peerAgeSeconds}`,
    `cleaning.torrent_cleaning_interval=${cleaningSeconds}`,
    `ws.cleaning.max_peer_age=${peerAgeSeconds}`,
    `ws.cleaning.max_offer_age=${Math.min(peerAgeSeconds, 30)}`,
    `ws.cleaning.torrent_cleaning_interval=${cleaningSeconds}`,
    `http.network.max_connections=${mostConnections}`,
    `ws.network.max_connections=${mostConnections}`,
    'ws.protocol.max_torrents_per_connection=16',
    `ws.network.relay_inbox_bytes=${2 ** 22}`,
    ...['udp', 'http', 'ws'].flatMap(protocol => [
      `${protocol}.socket_workers=2`,
      `${protocol}.network.use_ipv6=false`,
      `${protocol}.network.address_ipv4=127.0.0.1:0`,
    ]),
  ]
}

type Listening = { readonly event: string; readonly protocol: string; readonly port: number }

function portsIn(output: string): Ports | undefined {
  const whole = output.split('\n').slice(0, -1)
  const lines = whole.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Listening)
  const ports = listening.map(protocol => [
    protocol,
    lines.find(line => line.event === 'listening' && line.protocol === protocol)?.port,
  ])
  return ports.every(([, port]) => port !== undefined) ? (Object.fromEntries(ports) as Ports) : undefined
}

/** Starts it and resolves when all of it listens; rejects with its last words when it does not in time. */
export async function startSoakTracker(
  repository: string,
  plan: SoakPlan,
  directory: string,
): Promise<SoakTracker> {
  const sets = trackerSettings(plan).flatMap(setting => ['--set', setting])
  let said = ''
  let look = (): void => undefined
  const child = startUnpinned({
    command: process.execPath,
    args: [join(repository, 'bin/aquatic.js'), 'serve', '--json', ...sets],
    directory,
    onStdout: text => {
      if (portsIn(said) === undefined) said += text
      look()
    },
  })
  const ports = await new Promise<Ports>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`the tracker says no port: ${said}`)), readyMs)
    look = () => {
      const found = portsIn(said)
      if (found === undefined) return
      clearTimeout(patience)
      look = () => undefined
      resolve(found)
    }
    void child.exited.then(end => reject(new Error(`the tracker ${end}: ${child.stderr().trim()}`)))
    look()
  })
  const ticksPerSecond = readTicksPerSecond()
  return {
    child,
    ports,
    sample: (second, phase, loadAverage) =>
      takeSample(child.pid, ports.metrics, ticksPerSecond, { second, phase, loadAverage }),
    stop: () => stopTracker(child, ports, directory),
  }
}

/** Reads process and metrics; the process first, so that the connection to the metrics is no descriptor of it. */
async function takeSample(
  pid: number,
  metricsPort: number,
  ticksPerSecond: number,
  facts: Pick<Sample, 'second' | 'phase' | 'loadAverage'>,
): Promise<Sample> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  const ticks = parseProcessorTicks(readFileSync(`/proc/${pid}/stat`, 'latin1').trimEnd())
  const process = {
    rssKib: field('VmRSS'),
    privateKib: field('RssAnon') + field('RssShmem') + field('VmSwap'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
    processorSeconds: (ticks.user + ticks.system) / ticksPerSecond,
  }
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, {
    signal: AbortSignal.timeout(sampleMs),
  })
  return { ...facts, ...process, ...figuresOf(await answer.text()) }
}

/** Ports that cannot be bound any more, as sentences. */
async function findBoundPorts(ports: Ports): Promise<string[]> {
  const left: string[] = []
  const udp = createSocket('udp4')
  const bound = once(udp, 'listening')
  udp.bind(ports.udp, '127.0.0.1')
  await bound.catch((error: Error) => left.push(`UDP port: ${error.message}`))
  udp.close()
  for (const port of new Set([ports.http, ports.ws, ports.metrics])) {
    const server = createServer()
    const listens = once(server, 'listening')
    server.listen(port, '127.0.0.1')
    await listens.then(
      () => server.close(),
      (error: Error) => left.push(`TCP port: ${error.message}`),
    )
  }
  return left
}

/** Processes whose parent was the tracker. */
function findChildren(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(candidate => {
      try {
        const stat = readFileSync(`/proc/${candidate}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch (error) {
        // A process that ended while the directory was read.
        if ((error as NodeJS.ErrnoException).code !== undefined) return false
        throw error
      }
    })
}

async function stopTracker(
  child: Child,
  ports: Ports,
  directory: string,
): Promise<Pick<Ending, 'exitCode' | 'stopMs' | 'leftBehind' | 'logged'>> {
  const children = findChildren(child.pid).map(pid => `process ${pid} of the tracker`)
  const beganMs = performance.now()
  const stopped = child.stop('SIGTERM').then(() => true)
  if (!(await Promise.race([stopped, pause(stopPatienceMs, false, { ref: false })])))
    await child.stop('SIGKILL')
  const stopMs = performance.now() - beganMs
  const files = readdirSync(directory).map(name => `file ${name} in its directory`)
  return {
    exitCode: await child.exited,
    stopMs,
    leftBehind: [...children, ...(await findBoundPorts(ports)), ...files],
    logged: child
      .stderr()
      .split('\n')
      .filter(line => line.trim() !== ''),
  }
}

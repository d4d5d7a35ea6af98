// The harness of fault tests: a real tracker under real load, peers it must not lose, one fault, and then a close look
// at whether everything is as before. What a fault is, it does not know.

import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type ProcessEnd, type RunningProcess, startProcess } from '../support/child-process.js'
import { type EndpointAddress, type Series, sumOf } from '../support/metrics.js'
import { residentBytes } from '../support/proc-status.js'
import { startBinary } from '../support/tracker-process.js'
import { type Account, accountOf, metricsOf } from './accounts.js'
import { type KnownPeers, registerKnownPeers } from './known-peers.js'
import { Load, type LoadOutcomes } from './load.js'
import { msUntilServed, type Place, type Protocol } from './service.js'

export interface UnderLoadOptions {
  /** What is served; `['udp', 'http', 'ws']` is `aquatic serve` as it comes. */
  readonly protocols: readonly Protocol[]
  /** Further keys of `aquatic serve`, as in `--set`. */
  readonly set?: Readonly<Record<string, string | number | boolean>>
  /** Environment variables of the tracker. */
  readonly environment?: NodeJS.ProcessEnv
  /** Further command line arguments. */
  readonly args?: readonly string[]
}

/** What was found when the fault was over. */
export interface Aftermath {
  /** From the fault's end until several new clients of a protocol were answered. */
  readonly servedAfterMs: Readonly<Partial<Record<Protocol, number>>>
  /** What that must not exceed; see `LoadedTracker.service`. */
  readonly servedWithinMs: number
  /** Since the start of the process, when the load was over. */
  readonly accounts: Readonly<Partial<Record<Protocol, Account>>>
  /** Of the whole load, whichever processes served it. */
  readonly load: Readonly<Partial<Record<Protocol, LoadOutcomes>>>
  /** A line for each known peer that is not given any more. */
  readonly missingPeers: readonly string[]
  /** Open descriptors by what they lead to, without load. */
  readonly descriptors: { readonly before: Descriptors; readonly after: Descriptors }
  /** Memory of the process under load. */
  readonly residentBytes: { readonly before: number; readonly after: number }
  readonly workerRestarts: number
  /** How the tracker ended at SIGTERM, when all was looked at. */
  readonly end: ProcessEnd
}

/** `socket` -> 12 */
export type Descriptors = Readonly<Record<string, number>>

/** Upper bound of what is waited for after a fault; it fails a test, and no test passes by it. */
const PATIENCE_MS = 120_000

const SERVED_WITHIN_MS = 1000
const EMPTY_STARTS = 20

/** Of each protocol. */
const WORKERS = 2

/** A load is one when the tracker has counted so many of its requests. */
const REQUESTS_OF_A_LOAD = 100

/** The tracker that a fault is done to. After `restart` the same object stands for the new process. */
export class LoadedTracker {
  readonly protocols: readonly Protocol[]
  readonly #owner: TestContext
  readonly #options: UnderLoadOptions
  readonly #ports = new Map<string, number>()
  #known: ReadonlyMap<Protocol, KnownPeers> = new Map()
  #process: RunningProcess | undefined

  constructor(owner: TestContext, options: UnderLoadOptions) {
    this.#owner = owner
    this.#options = options
    this.protocols = options.protocols
  }

  /** The running tracker: its lines, its end. */
  get process(): RunningProcess {
    assert.ok(this.#process, 'started')
    return this.#process
  }

  get pid(): number {
    assert.ok(this.process.pid !== undefined)
    return this.process.pid
  }

  place(protocol: Protocol): Place {
    return this.#at(protocol)
  }

  /** Threads that serve: two for each protocol, but HTTP and WebTorrent share theirs. */
  get workers(): number {
    const { protocols } = this
    return (
      WORKERS *
      (protocols.includes('http') && protocols.includes('ws') ? protocols.length - 1 : protocols.length)
    )
  }

  /** The metrics endpoint. */
  get endpoint(): EndpointAddress {
    return this.#at('metrics')
  }

  /** Metrics, up to a second old. */
  metrics(): Promise<Series> {
    return metricsOf(this.endpoint)
  }

  /** Metrics taken after this call. */
  async freshMetrics(): Promise<Series> {
    const takenAt = (series: Series): number => sumOf(series, 'aquatic_uptime_seconds')
    const first = takenAt(await this.metrics())
    for (;;) {
      const series = await this.metrics()
      if (takenAt(series) !== first) return series
    }
  }

  /** Starts it, on free ports the first time and on the same ones later. Resolves when every address answers. */
  async start(): Promise<void> {
    const { environment = {}, args = [] } = this.#options
    const sets = Object.entries(this.#settings()).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    this.#process = startBinary(this.#owner, ['serve', '--json', ...sets, ...args], { environment })
    const lines = await this.#process.waitForLines('stdout', /"event":"listening"/, this.protocols.length + 1)
    for (const line of lines) {
      const { protocol, port } = JSON.parse(line) as { protocol: string; port: number }
      this.#ports.set(protocol, port)
    }
  }

  /** Ends the process with `signal`, starts another on the same ports. Known peers have to be registered again. */
  async restart(signal: NodeJS.Signals): Promise<ProcessEnd> {
    const end = await this.process.stop(signal)
    await this.start()
    return end
  }

  /** Registers what must not be lost, over each protocol; once before a fault, and again after a restart. */
  async registerPeers(): Promise<void> {
    const known = this.protocols.map(
      async protocol =>
        [protocol, await registerKnownPeers(this.#owner, protocol, this.place(protocol))] as const,
    )
    this.#known = new Map(await Promise.all(known))
  }

  /** A line for each registered peer that is not given. */
  async missingPeers(): Promise<readonly string[]> {
    const missing = [...this.#known].map(([protocol, peers]) => peers.missing(this.place(protocol)))
    return (await Promise.all(missing)).flat()
  }

  /** The same for one protocol. */
  async missingOver(protocol: Protocol): Promise<readonly string[]> {
    return (await this.#known.get(protocol)?.missing(this.place(protocol))) ?? []
  }

  /** How long it takes until each protocol answers, in milliseconds from now. */
  async servedAfterMs(): Promise<Aftermath['servedAfterMs']> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const times = this.protocols.map(
      async protocol => [protocol, await msUntilServed(protocol, this.place(protocol), signal)] as const,
    )
    return Object.fromEntries(await Promise.all(times))
  }

  /**
   * The same, and what no protocol may need more than: a second. Where that is missed, processors may be taken by
   * others, or the machine have stood still: then as long as so many empty node processes took that were started
   * meanwhile, one after the other, which is less than a second on a quiet machine.
   */
  async service(): Promise<Pick<Aftermath, 'servedAfterMs' | 'servedWithinMs'>> {
    const yardstick = startMeanwhile(this.#owner, EMPTY_STARTS)
    try {
      const servedAfterMs = await this.servedAfterMs()
      const servedWithinMs = Math.max(SERVED_WITHIN_MS, yardstick.tookMs)
      if (Object.values(servedAfterMs).some(ms => ms >= SERVED_WITHIN_MS))
        this.#owner.diagnostic(
          `service took ${JSON.stringify(servedAfterMs)}; ${servedWithinMs} ms count here`,
        )
      return { servedAfterMs, servedWithinMs }
    } finally {
      await yardstick.end()
    }
  }

  /** Resolves when every protocol has counted so many more requests. */
  async loadArrives(requests: number): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const first = await this.metrics()
    for (;;) {
      const now = await this.metrics()
      const isIdle = (protocol: Protocol): boolean =>
        accountOf(now, protocol).requests - accountOf(first, protocol).requests < requests
      const idle = this.protocols.filter(isIdle)
      if (idle.length === 0) return
      assert.ok(!signal.aborted, `no load of ${idle.join(', ')} arrives: ${this.process.describe()}`)
    }
  }

  /** Descriptors once no more than those of `atMost` are open, or as they are after a while. */
  async settledDescriptors(atMost?: Descriptors): Promise<Descriptors> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    for (let previous: Descriptors = {}; ; ) {
      // Each look is an answer of the main thread: it has had time to close what is over.
      for (let look = 0; look < 10; look++) await this.metrics()
      const now = descriptorsOf(this.pid)
      const isSettled = atMost === undefined ? isSame(now, previous) : growthOf(atMost, now).length === 0
      if (isSettled || signal.aborted) return now
      previous = now
    }
  }

  #at(name: Protocol | 'metrics'): Place {
    const port = this.#ports.get(name)
    assert.ok(port !== undefined, `${name} is served`)
    return { address: '127.0.0.1', port }
  }

  #settings(): Readonly<Record<string, string | number | boolean>> {
    const at = (name: string): string => `127.0.0.1:${this.#ports.get(name) ?? 0}`
    const own = (['udp', 'http', 'ws'] as const).flatMap(protocol => [
      [`${protocol}.enabled`, this.protocols.includes(protocol)] as const,
      ...(this.protocols.includes(protocol)
        ? ([
            [`${protocol}.socket_workers`, WORKERS],
            [`${protocol}.network.address_ipv4`, at(protocol)],
            [`${protocol}.network.use_ipv6`, false],
          ] as const)
        : []),
    ])
    return {
      // A client of a test keeps its connection id, however long the test takes.
      ...(this.protocols.includes('udp') ? { 'udp.cleaning.max_connection_age': 3600 } : {}),
      'network.engine': 'native',
      'statistics.interval': 1,
      'statistics.run_prometheus_endpoint': true,
      'statistics.prometheus_endpoint_address': at('metrics'),
      ...Object.fromEntries(own),
      ...this.#options.set,
    }
  }
}

/**
 * Starts a tracker, registers known peers, puts it under load, does `fault` to it, and looks at what is left. The fault
 * is over when its promise resolves: from then on service is measured. Everything ends with the test.
 */
export async function underLoad(
  t: TestContext,
  options: UnderLoadOptions,
  fault: (tracker: LoadedTracker) => Promise<void>,
): Promise<Aftermath> {
  const tracker = new LoadedTracker(t, options)
  await tracker.start()
  await tracker.servedAfterMs()
  await tracker.registerPeers()
  assert.deepEqual(await tracker.missingPeers(), [], 'before the fault')
  const descriptorsBefore = await tracker.settledDescriptors()
  const loads = tracker.protocols.map(
    protocol => [protocol, new Load(t, protocol, tracker.place(protocol))] as const,
  )
  await tracker.loadArrives(REQUESTS_OF_A_LOAD)
  const bytesBefore = residentBytes(tracker.pid)

  await fault(tracker)

  const { servedAfterMs, servedWithinMs } = await tracker.service()
  await tracker.loadArrives(REQUESTS_OF_A_LOAD)
  const bytesAfter = residentBytes(tracker.pid)
  const missingPeers = await tracker.missingPeers()
  const load = Object.fromEntries(
    await Promise.all(loads.map(async ([protocol, process]) => [protocol, await process.stop()] as const)),
  )
  const descriptorsAfter = await tracker.settledDescriptors(descriptorsBefore)
  const series = await tracker.freshMetrics()
  const accounts = tracker.protocols.map(protocol => [protocol, accountOf(series, protocol)] as const)
  return {
    servedAfterMs,
    servedWithinMs,
    accounts: Object.fromEntries(accounts),
    load,
    missingPeers,
    descriptors: { before: descriptorsBefore, after: descriptorsAfter },
    residentBytes: { before: bytesBefore, after: bytesAfter },
    workerRestarts: sumOf(series, 'aquatic_worker_restarts_total'),
    end: await tracker.process.stop('SIGTERM'),
  }
}

/** Empty node processes, one after the other, for as long as something else is waited for. */
interface Yardstick {
  /** Milliseconds that all of them took; infinite as long as they are not over. */
  readonly tookMs: number
  /** Starts no more of them, and resolves when the last one has ended. */
  end(): Promise<void>
}

function startMeanwhile(owner: TestContext, count: number): Yardstick {
  const startMs = performance.now()
  let tookMs = Number.POSITIVE_INFINITY
  let isOver = false
  const run = async (): Promise<void> => {
    for (let started = 0; started < count; started++) {
      await startProcess(owner, process.execPath, ['-e', '0']).waitForEnd()
      if (isOver) return
    }
    tookMs = performance.now() - startMs
  }
  const running = run()
  return {
    get tookMs() {
      return tookMs
    },
    end: () => {
      isOver = true
      return running
    },
  }
}

export interface AsBefore {
  /** Growth of the process's memory that counts as none. */
  readonly breathingBytes?: number
  /** Requests that may be without an account: a batch in hand when its worker was killed. */
  readonly unexplainedMax?: number
}

/** Fails unless everything is as it was before the fault; the message says what isn't. */
export function assertAsBefore(t: TestContext, aftermath: Aftermath, allowed: AsBefore = {}): void {
  const { breathingBytes = 48 << 20, unexplainedMax = 0 } = allowed
  const { servedAfterMs, servedWithinMs, accounts, load, descriptors, residentBytes: bytes, end } = aftermath
  t.diagnostic(JSON.stringify({ servedAfterMs, accounts, load, bytes, restarts: aftermath.workerRestarts }))
  for (const [protocol, ms] of Object.entries(servedAfterMs))
    assert.ok(ms < servedWithinMs, `${protocol} was served ${Math.round(ms)} ms after the fault`)
  for (const [protocol, account] of Object.entries(accounts)) {
    const { requests, responses, dropped, unexplained } = account
    assert.ok(
      unexplained >= 0 && unexplained <= unexplainedMax,
      `${protocol}: ${requests} requests, ${responses} responses, ${dropped} dropped do not add up`,
    )
  }
  for (const [protocol, { answered, wrong }] of Object.entries(load)) {
    assert.ok(answered > 0, `no ${protocol} load was answered`)
    assert.equal(wrong, 0, `${protocol} load was answered wrongly`)
  }
  assert.deepEqual(aftermath.missingPeers, [], 'known peers are lost')
  assert.deepEqual(growthOf(descriptors.before, descriptors.after), [], 'descriptors are left open')
  const growth = bytes.after - bytes.before
  assert.ok(growth < breathingBytes, `memory grew by ${(growth / 2 ** 20).toFixed(1)} MiB`)
  assert.deepEqual([end.code, end.stderr], [0, ''], 'it stops as always')
}

function descriptorsOf(pid: number): Descriptors {
  const directory = `/proc/${pid}/fd`
  const counts: Record<string, number> = {}
  for (const fd of readdirSync(directory)) {
    const kind = kindOf(`${directory}/${fd}`)
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/**
 * `socket:[123]` is a socket, and each process has files of its own below `/proc`; undefined for what was closed since
 * the directory was read.
 */
function kindOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
      .replace(/:?\[?\d+\]?$/, '')
      .replace(/^\/proc\/\d+\//, '/proc/self/')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What is open now and was not, as `socket +2`. */
function growthOf(before: Descriptors, after: Descriptors): string[] {
  return Object.entries(after)
    .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${kind} +${more}`)
}

function isSame(one: Descriptors, other: Descriptors): boolean {
  return growthOf(one, other).length === 0 && growthOf(other, one).length === 0
}

// A bench of eight trackers with all that can happen, for tests of reports and screens.

import type { StoredHead } from '../../src/bench/bench.js'
import type { CellFigures, CellResult } from '../../src/bench/cell-result.js'
import type { CellPlan } from '../../src/bench/plan.js'
import { createRandom } from '../../src/bench/statistics.js'
import { largeState, workloads } from '../../src/bench/workloads.js'
import { cellCosting, cellOf, figuresOf } from './sample-cells.js'

const names: readonly (readonly [key: string, name: string, version: string])[] = [
  ['aquatic', 'aquatic', '0.1.0 (commit 0123456789ab)'],
  ['aquatic-node', 'aquatic (node engine)', '0.1.0 (commit 0123456789ab)'],
  ['opentracker', 'opentracker', '0.0~git20210823.110868e-3 (Debian)'],
  ['aquatic-rust-mio', 'aquatic (Rust, mio)', '0.9.0'],
  ['aquatic-rust-uring', 'aquatic (Rust, io_uring)', '0.9.0'],
  ['chihaya', 'chihaya', '2.0.0'],
  ['torrust', 'torrust-tracker', '3.0.0'],
  ['bittorrent-tracker', 'bittorrent-tracker', '11.2.2'],
]

/** Microseconds of processor time per response; bytes per peer. */
const udpCosts = [2.1, 9.4, 2.3, 2.2, 1.9, 14, 22, 61]
const httpCosts: Readonly<Record<string, number>> = { aquatic: 14.1, opentracker: 14, chihaya: 71 }
const peerBytes: Readonly<Record<string, number>> = { aquatic: 9.1, opentracker: 41, 'aquatic-rust-mio': 33 }

const BLOCKS = 5
/** A machine of two processors, as a stored bench has it. */
export const sampleEnvironment: StoredHead['environment'] = {
  processor: 'A processor',
  processors: 2,
  memoryBytes: 2 ** 34,
  kernel: 'Linux 6.1 x64',
  mitigations: 'none needed',
  governor: null,
  hasHyperthreads: null,
  virtualisation: null,
  receiveBufferBytesMax: 212_992,
  sendBufferBytesMax: 212_992,
  openFilesMax: 20_000,
  loadAverage: 1.1,
  node: 'v20.20.2',
}

export const sampleHead: StoredHead = {
  schemaVersion: 2,
  startedAt: '2026-01-01T00:00:00.000Z',
  request: {
    command: 'aquatic bench --state 1',
    workloads: [...workloads.filter(({ key }) => ['udp-mixed', 'http-close'].includes(key)), largeState(1)],
    baseline: 'opentracker',
    blocks: BLOCKS,
    seed: 7,
    measuresNoise: true,
    numwant: 30,
    warmUpSeconds: 2,
    measureSeconds: 5,
    latencyShare: 0.5,
    coolDownSeconds: 1,
    objectives: [],
    startLimitSeconds: 30,
    commands: {},
    urls: {},
    paths: {},
    processorMode: 'subsequent',
    processors: 1,
  },
  environment: sampleEnvironment,
  share: { contender: '0', load: '1', contenderProcessors: 1, loadProcessors: 1, isShared: false },
  contenders: names.map(([key, name, version]) => ({
    key,
    name,
    version,
    sha256: '0123456789abcdef'.repeat(4),
    limits: key === 'opentracker' ? ['closes every HTTP connection after its answer'] : [],
  })),
  missing: [
    {
      name: 'wt-tracker',
      reason: 'no wt-tracker in PATH',
      remedy: 'build it from its source, then --path wt-tracker=FILE',
    },
  ],
  notes: [],
  cells: planned(),
}

function planned(): CellPlan[] {
  const cells: CellPlan[] = []
  for (let block = 0; block < BLOCKS; block++) {
    const cell = (workload: string, contender: string, twin = 0): void =>
      void cells.push({ contender, workload, block, twin })
    for (const [key] of names) cell('udp-mixed', key)
    for (const contender of Object.keys(httpCosts)) cell('http-close', contender)
    for (const contender of Object.keys(peerBytes)) cell('state-1m', contender)
    for (const workload of ['udp-mixed', 'http-close', 'state-1m']) cell(workload, 'opentracker', 1)
  }
  return cells
}

function resultOf(cell: CellPlan, random: () => number): CellResult {
  // One value lies far from the others.
  const isFarOff = cell.contender === 'aquatic-rust-mio' && cell.block === 2
  const stray = isFarOff ? 1.5 : 0.99 + random() / 50
  if (cell.workload === 'state-1m') {
    const residentBytesAfter = 50_000_000 + peerBytes[cell.contender]! * stray * 1_000_000
    const fill = { peers: 1_000_000, seconds: 9, residentBytesBefore: 50_000_000, residentBytesAfter }
    return cellOf({ ...cell, figures: figuresOf({ saturation: null, fill, startUpMs: 50 * stray }) })
  }
  if (cell.contender === 'torrust' && cell.block === 1) {
    const reason = '12 of 700 answers that were looked at were wrong'
    return cellOf({ ...cell, outcome: 'wrong-answers', reason })
  }
  if (cell.contender === 'chihaya' && cell.workload === 'udp-mixed' && cell.block === 3) {
    const reason = 'it ended under the load: exit code 2'
    return cellOf({ ...cell, outcome: 'died', reason, lastWords: 'panic', figures: null })
  }
  const us = cell.workload === 'http-close' ? httpCosts[cell.contender]! : costOf(cell.contender)
  const measured = cellCosting(us * stray, cell)
  const point = { ratePerSecond: 500_000 / us, p50Us: 90, p999Us: 900, lossShare: 0, isValid: true }
  const at = (share: number): CellFigures['latency'][number] => ({
    ...point,
    ratePerSecond: (share * 1e6) / us,
    p99Us: (105 * us * stray) / (1 - share),
  })
  // Half is compared, and always first; the curve is of UDP alone. The last point is past what the generator can do.
  const latency =
    cell.workload === 'udp-mixed'
      ? [at(0.5), at(0.25), at(0.75), { ...at(0.9), isValid: cell.contender !== 'aquatic' }]
      : [at(0.5)]
  return { ...measured, figures: { ...measured.figures!, startUpMs: 50 * stray, latency } }
}

function costOf(contender: string): number {
  return udpCosts[names.findIndex(([key]) => key === contender)]!
}

const random = createRandom(1)
export const sampleResults: readonly CellResult[] = sampleHead.cells.map(cell => resultOf(cell, random))

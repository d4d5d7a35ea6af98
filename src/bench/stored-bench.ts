// A bench that was stored, as reports and --resume read it: its head is looked at before anything relies on it.

import { AquaticError } from '../errors.js'
import type { StoredHead } from './bench.js'
import type { CellResult } from './cell-result.js'
import { ResultStore, readResults } from './store.js'

/** @throws AQ_BENCH_RESULTS where there is no bench, or one that another version wrote */
export async function readBench(directory: string): Promise<{ head: StoredHead; results: CellResult[] }> {
  const stored = await readResults<StoredHead>(directory)
  checkHead(stored.head, directory)
  return stored
}

/** A bench to go on with. @throws as `readBench`, and AQ_BENCH_RUNNING */
export async function resumeBench(directory: string): Promise<ResultStore<StoredHead>> {
  // Before anything is written there.
  await readBench(directory)
  return ResultStore.resume<StoredHead>(directory)
}

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'array'

/** What is used of a head; what later versions added and do without is not here. */
const neededKeys: readonly (readonly [keys: string, kind: Kind])[] = [
  ['startedAt', 'string'],
  ['request command baseline processorMode', 'string'],
  ['request blocks seed numwant processors latencyShare', 'number'],
  ['request warmUpSeconds measureSeconds coolDownSeconds startLimitSeconds', 'number'],
  ['request measuresNoise', 'boolean'],
  ['request workloads objectives', 'array'],
  ['request commands urls paths', 'object'],
  ['environment processor kernel mitigations node', 'string'],
  ['environment processors memoryBytes loadAverage', 'number'],
  ['share contender load', 'string'],
  ['share contenderProcessors loadProcessors', 'number'],
  ['share isShared', 'boolean'],
  ['contenders', 'array'],
  ['missing', 'array'],
  ['cells', 'array'],
]

/** Of each entry of a list. */
const neededOfEach: readonly (readonly [list: string, keys: string, kind: Kind])[] = [
  ['request.workloads', 'key title', 'string'],
  ['request.workloads', 'torrents fillPeers', 'number'],
  ['request.workloads', 'service', 'object'],
  ['request.workloads', 'settings', 'array'],
  ['contenders', 'key name version', 'string'],
  ['contenders', 'limits', 'array'],
  ['missing', 'name reason remedy', 'string'],
  ['cells', 'contender workload', 'string'],
  ['cells', 'block twin', 'number'],
]

function checkHead(head: StoredHead, directory: string): void {
  const missing = firstMissing(head)
  if (missing === undefined) return
  throw new AquaticError(
    'AQ_BENCH_RESULTS',
    `${directory}/bench.json has no ${missing} as this version of aquatic reads it.`,
    { remedy: 'read it with the version that wrote it, or run the bench again into another directory' },
  )
}

/** `request.paths`; undefined where all is there. */
function firstMissing(head: unknown): string | undefined {
  for (const [keys, kind] of neededKeys) {
    const words = keys.split(' ')
    const [section, names] = words.length === 1 ? ['', words] : [words[0], words.slice(1)]
    const found = names.find(name => kindOf(at(head, pathOf(section, name))) !== kind)
    if (found !== undefined) return pathOf(section, found)
  }
  for (const [list, keys, kind] of neededOfEach) {
    const entries = at(head, list) as readonly unknown[]
    const found = keys.split(' ').find(key => entries.some(entry => kindOf(at(entry, key)) !== kind))
    if (found !== undefined) return `${list}.${found}`
  }
  return undefined
}

function pathOf(section: string, name: string): string {
  return section === '' ? name : `${section}.${name}`
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (found, key) => (kindOf(found) === 'object' ? (found as Record<string, unknown>)[key] : undefined),
      value,
    )
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

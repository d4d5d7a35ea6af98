// Who of the contenders is here, as which program, and who can be asked what.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Contender, type Found, isMissing, type Places } from './contender.js'
import { baselineOf } from './plan.js'
import { findInPath } from './programs.js'
import type { ReportContender } from './report/report-data.js'
import { keepsConnections, type Workload } from './workloads.js'

export interface MissingContender {
  readonly name: string
  readonly reason: string
  readonly remedy: string
}

export interface Lineup {
  readonly found: ReadonlyMap<string, Found>
  /** Those that are here, as reports name them. */
  readonly present: readonly ReportContender[]
  readonly missing: readonly MissingContender[]
}

/** Asks everyone whether they can run here. */
export async function lineUp(contenders: readonly Contender[], places: Places): Promise<Lineup> {
  const found = new Map<string, Found>()
  const present: ReportContender[] = []
  const missing: MissingContender[] = []
  for (const { key, name, find } of contenders) {
    const finding = await find(places)
    if (isMissing(finding)) {
      missing.push({ name, ...finding })
      continue
    }
    const { version, limits, path, url } = finding
    found.set(key, finding)
    const sha256 = await hashOf(path, places)
    present.push({
      ...{ key, name, version, sha256, limits },
      ...(url === undefined ? {} : { alreadyRan: true }),
    })
  }
  return { found, present, missing }
}

/** SHA-256 of a program in hexadecimal; null where there is none that can be read. */
async function hashOf(path: string | null, { environment }: Places): Promise<string | null> {
  const file = path === null || path.includes('/') ? path : findInPath(path, environment)
  if (file === null || file === undefined) return null
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(file), hash)
    return hash.digest('hex')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return null
  }
}

/** Who is asked what. */
export interface Assignment {
  readonly contendersOf: ReadonlyMap<string, readonly string[]>
  /** Workloads that are left out, one sentence each. */
  readonly notes: readonly string[]
}

export function assign(
  workloads: readonly Workload[],
  contenders: readonly Contender[],
  { found }: Pick<Lineup, 'found'>,
  hasOpenssl: boolean,
): Assignment {
  const contendersOf = new Map<string, readonly string[]>()
  const notes: string[] = []
  for (const { key: workload, title, service, isLargeState } of workloads) {
    const asked = contenders
      .filter(({ key, serves }) => found.has(key) && serves(service))
      .map(({ key }) => key)
    const unseen = isLargeState ? asked.filter(key => found.get(key)?.url !== undefined) : []
    const able = asked.filter(key => !unseen.includes(key))
    if (unseen.length > 0) {
      notes.push(
        `${title}: without ${unseen.join(', ')}, as the memory of a tracker that already runs can't be seen.`,
      )
    }
    if (service.isTls && !hasOpenssl) {
      notes.push(
        `${title}: left out, as there is no openssl to make a certificate (apt-get install openssl).`,
      )
    } else if (able.length === 0) {
      notes.push(`${title}: left out, as nobody who takes part can be asked this.`)
    } else contendersOf.set(workload, able)
  }
  return { contendersOf, notes }
}

/**
 * Who is run twice in each block of a workload: the baseline, as what all others are compared with; where it is known
 * not to take part in that, the first that may.
 */
export function twinsOf(
  workloads: readonly Workload[],
  contenders: readonly Contender[],
  contendersOf: Assignment['contendersOf'],
  baseline: string,
): Map<string, string> {
  const closing = contenders.filter(({ closesConnections }) => closesConnections).map(({ key }) => key)
  const twins = new Map<string, string>()
  for (const workload of workloads) {
    const able = (contendersOf.get(workload.key) ?? []).filter(
      key => !(keepsConnections(workload) && closing.includes(key)),
    )
    if (able.length > 0) twins.set(workload.key, baselineOf(able, baseline))
  }
  return twins
}

/** Contenders that are not what they were, one sentence each: measurements of both must not be mixed. */
export function changedContenders(
  before: readonly ReportContender[],
  now: readonly ReportContender[],
): string[] {
  return before.flatMap(old => {
    const other = now.find(({ key }) => key === old.key)
    const isSame =
      other === undefined ||
      (other.version === old.version && (other.sha256 ?? null) === (old.sha256 ?? null))
    return isSame ? [] : [`${old.name} was ${old.version} and is ${other.version} now, or was built again.`]
  })
}

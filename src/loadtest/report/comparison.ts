// Two results side by side: what changed, and what makes the comparison doubtful.

import { type ComparedFigure, compareFigures } from './compare.js'
import type { LoadTestDocument } from './document.js'
import type { Environment } from './environment.js'
import { interruptedText } from './headline.js'
import { BINS_MIN, noiseOf } from './noise.js'
import { threeDigits } from './number-text.js'

/** A value that is not the same, by its place in the document: `plan.phases.measureSeconds`. */
export interface DocumentDifference {
  readonly key: string
  readonly left: unknown
  readonly right: unknown
}

export interface ComparedRun {
  readonly file: string
  readonly url: string
  readonly startedAt: string
  readonly measuredSeconds: number
  readonly aquaticVersion: string
  readonly verdict: string
  readonly isInterrupted: boolean
}

export interface Comparison {
  readonly left: ComparedRun
  readonly right: ComparedRun
  /** Empty where a result is void. */
  readonly figures: readonly ComparedFigure[]
  readonly isVoid: boolean
  /** Of plans and environments. */
  readonly differences: readonly DocumentDifference[]
  /** One sentence each. */
  readonly warnings: readonly string[]
}

export interface NamedDocument {
  readonly file: string
  readonly document: LoadTestDocument
}

/** Part of the environment that makes another machine. */
const machineKeys = ['processorModel', 'processors', 'memoryBytes', 'isVirtualised'] as const
const environmentKeys: readonly (keyof Environment)[] = [
  'aquaticVersion',
  'aquaticCommit',
  'nodeVersion',
  'kernel',
  'processorsUsable',
  'governor',
  'mitigations',
  'receiveBufferMaxBytes',
  'sendBufferMaxBytes',
  ...machineKeys,
]
/** Peers per answer that differ by more are other work. */
const PEERS_TOLERANCE = 0.05

export function compareDocuments(left: NamedDocument, right: NamedDocument): Comparison {
  const both = [left, right] as const
  const isVoid = both.some(({ document }) => document.verdict !== 'valid')
  const planDifferences = differencesOf('plan', left.document.plan, right.document.plan)
  const environments = both.map(({ document }) => document.environment) as [Environment, Environment]
  const differences = [
    ...planDifferences,
    ...environmentKeys.flatMap(key =>
      differencesOf(`environment.${key}`, environments[0][key], environments[1][key]),
    ),
  ]
  return {
    left: runOf(left),
    right: runOf(right),
    figures: isVoid ? [] : compareFigures(left.document, right.document),
    isVoid,
    differences,
    warnings: [
      ...both.flatMap(runWarnings),
      ...(planDifferences.length > 0 ? ['The plans differ, so the figures may differ for that alone.'] : []),
      ...(isOtherMachine(environments) ? ['The results are of different machines.'] : []),
      ...peerWarnings(both),
    ],
  }
}

function runOf({ file, document }: NamedDocument): ComparedRun {
  const { plan, startedAt, measuredSeconds, environment, verdict, isInterrupted } = document
  const { aquaticVersion } = environment
  return { file, url: plan.target.url, startedAt, measuredSeconds, aquaticVersion, verdict, isInterrupted }
}

function runWarnings({ file, document }: NamedDocument): string[] {
  if (document.verdict !== 'valid') {
    return [
      `${file} is ${document.verdict}: it says nothing about the tracker, and there is nothing to compare.`,
    ]
  }
  const warnings: string[] = []
  const interrupted = interruptedText(document)
  if (interrupted !== null) warnings.push(`${file}: ${interrupted}`)
  if (noiseOf(document) === null) {
    warnings.push(
      `${file} is too short to tell how much its figures vary: that takes ${BINS_MIN} whole bins of its time series.`,
    )
  }
  const { verifiedWrong } = document.counts
  if (verifiedWrong > 0) {
    warnings.push(`${file} has ${verifiedWrong} wrong answers among those that were verified.`)
  }
  return warnings
}

function isOtherMachine([left, right]: readonly [Environment, Environment]): boolean {
  return machineKeys.some(key => left[key] !== right[key])
}

/** Fast answers with fewer peers must not win unnoticed. */
function peerWarnings(both: readonly [NamedDocument, NamedDocument]): string[] {
  const [left, right] = both.map(({ document: { kinds, counts } }) => {
    const answered = kinds.find(({ kind }) => kind === 'announce')?.outcomes.answered ?? 0
    return answered === 0 ? 0 : counts.peersReceived / answered
  })
  if (Math.abs(right - left) <= PEERS_TOLERANCE * Math.max(left, right)) return []
  return [
    `Answers to announces had ${threeDigits(left)} and ${threeDigits(right)} peers: that is not the same work.`,
  ]
}

/** Leaves that are not the same. */
function differencesOf(key: string, left: unknown, right: unknown): DocumentDifference[] {
  if (Object.is(left, right)) return []
  if (!isObject(left) || !isObject(right)) return [{ key, left: plain(left), right: plain(right) }]
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].flatMap(name => differencesOf(`${key}.${name}`, left[name], right[name]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** What JSON can say: without end is null, as in the document; missing too. */
function plain(value: unknown): unknown {
  return value === undefined || value === Number.POSITIVE_INFINITY ? null : value
}

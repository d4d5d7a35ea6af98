// The report of a store: what was asked for and found out, put together.

import type { StoredHead } from './bench.js'
import type { CellResult } from './cell-result.js'
import { environmentWarnings } from './environment.js'
import { REPORT_SCHEMA_VERSION, type ReportData } from './report/report-data.js'
import { summarise } from './summary.js'

/** Above this share of its processors the load generator may have been what was measured. */
const GENERATOR_SHARE_MAX = 0.95
/** Below this share of its processor a contender was not saturated. */
const SATURATED_SHARE_MIN = 0.9

export function reportOf(head: StoredHead, results: readonly CellResult[]): ReportData {
  const { request, share, contenders } = head
  const generatorWarnings = generatorLimits(head, results)
  const warnings = [...environmentWarnings(head.environment), ...generatorWarnings]
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    startedAt: head.startedAt,
    command: request.command,
    seed: request.seed,
    blocks: request.blocks,
    measureSeconds: request.measureSeconds,
    warmUpSeconds: request.warmUpSeconds,
    contenderProcessors: share.contender,
    loadProcessors: share.load,
    environment: head.environment,
    contenders,
    missing: head.missing,
    workloads: request.workloads.map(({ key, title }) => ({ key, title })),
    summaries: summarise({
      results,
      blocks: request.blocks,
      workloads: request.workloads.map(({ key }) => key),
      contenders: contenders.map(({ key }) => key),
      baseline: request.baseline,
    }),
    warnings,
    isWhole: results.length >= head.cells.length,
    isDoubtful: share.isShared || generatorWarnings.length > 0,
  }
}

/** Contenders whose rate at saturation is the generator's: it was busy, they were not. */
function generatorLimits({ contenders, request }: StoredHead, results: readonly CellResult[]): string[] {
  return request.workloads.flatMap(({ key: workload, title }) =>
    contenders.flatMap(({ key, name }) => {
      const saturations = results
        .filter(result => result.workload === workload && result.contender === key)
        .map(({ figures }) => figures?.saturation)
        .filter(saturation => saturation !== undefined && saturation !== null)
      const limited = saturations.filter(
        ({ generatorShare, processorsUsed }) =>
          generatorShare > GENERATOR_SHARE_MAX && (processorsUsed ?? 0) < SATURATED_SHARE_MIN,
      )
      if (limited.length <= saturations.length / 2) return []
      return [
        `${title}: the load generator was the limit for ${name}, not the tracker. Its responses/s is too low; its processor time per response holds.`,
      ]
    }),
  )
}

// The section [metrics] of aquatic's HTTP tracker, which is part of [statistics] here.

import { boolean, type Finding, integer, type Layer, section, socketAddress } from './schema.js'

/** Legacy section. */
export const metricsOfOlderFiles = section({
  doc: 'Section of aquatic, now part of [statistics].',
  leaves: {
    run_prometheus_endpoint: boolean({
      default: false,
      doc: 'Key of aquatic: now statistics.run_prometheus_endpoint. Not to be mixed with it.',
    }),
    prometheus_endpoint_address: socketAddress({
      family: 'any',
      default: '0.0.0.0:9000',
      doc: 'Key of aquatic: now statistics.prometheus_endpoint_address. Not to be mixed with it.',
    }),
    torrent_count_update_interval: integer({
      default: 10,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'seconds',
      doc: 'Key of aquatic: time between two counts of torrents.',
      noEffect: 'counts are those of the moment; statistics.interval says how often they are collected.',
    }),
  },
})

/** Moves the keys of one source. The same key of both generations in one source has no clear meaning. */
export function expandMetrics(layer: Layer): Finding[] {
  const findings: Finding[] = []
  for (const key of ['run_prometheus_endpoint', 'prometheus_endpoint_address']) {
    const older = `metrics.${key}`
    const todays = `statistics.${key}`
    const setting = layer.get(older)
    if (setting === undefined) continue
    if (layer.has(todays)) {
      const text = `${older} is a key of aquatic 0.9 and must not be mixed with ${todays}. Remove ${older}.`
      findings.push({ severity: 'problem', keys: [older], text })
    } else {
      layer.delete(older)
      layer.set(todays, setting)
    }
  }
  return findings
}

// The section [metrics] of aquatic's HTTP and WebTorrent trackers, which is part of [statistics] here.

import { boolean, type Finding, integer, type Layer, section, socketAddress } from './schema.js'

const leaves = {
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
}

const doc = 'Section of aquatic, now part of [statistics].'

/** Legacy section of the HTTP tracker. */
export const metricsOfHttp = section({ doc, leaves })

/** Legacy section of the WebTorrent tracker, which counts clients too. */
export const metricsOfWs = section({
  doc,
  leaves: {
    ...leaves,
    peer_clients: boolean({
      default: false,
      doc: 'Key of aquatic: now statistics.peer_clients. Not to be mixed with it.',
    }),
    peer_id_prefixes: boolean({
      default: false,
      doc: 'Key of aquatic: now statistics.prometheus_peer_id_prefixes. Not to be mixed with it.',
    }),
  },
})

/** Names in [metrics] and in [statistics]. */
const moved = [
  ['run_prometheus_endpoint', 'run_prometheus_endpoint'],
  ['prometheus_endpoint_address', 'prometheus_endpoint_address'],
  ['peer_clients', 'peer_clients'],
  ['peer_id_prefixes', 'prometheus_peer_id_prefixes'],
] as const

/** Moves the keys of one source. The same key of both generations in one source has no clear meaning. */
export function expandMetrics(layer: Layer): Finding[] {
  const findings: Finding[] = []
  for (const [from, to] of moved) {
    const older = `metrics.${from}`
    const todays = `statistics.${to}`
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

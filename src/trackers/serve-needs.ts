// What all trackers in one process ask of their machine together, for `config check`.

import type { MachineNeeds } from '../config/machine/needs.js'
import {
  httpPart,
  keyOfPart,
  type Part,
  type ServeConfig,
  sharesListener,
  udpPart,
  wsPart,
} from '../config/serve.js'
import { engineNeed } from './common-needs.js'
import { streamNeeds } from './stream-needs.js'
import { udpNeeds } from './udp/needs.js'

/** The needs of a configuration that has been checked by itself. */
export function serveNeeds(config: ServeConfig): MachineNeeds {
  const http = config.http.enabled ? inPart('http', streamNeeds(httpPart(config))) : undefined
  const parts = [
    ...(config.udp.enabled ? [inPart('udp', udpNeeds(udpPart(config)))] : []),
    ...(http === undefined ? [] : [http]),
    ...(config.ws.enabled ? [wsNeeds(config, http)] : []),
  ]
  const [first] = parts
  const needsTls =
    (config.http.enabled && config['http.network'].enableTls) ||
    (config.ws.enabled && config['ws.network'].enableTls)
  return {
    engine: engineNeed(config.network.engine, needsTls),
    sockets: distinct(parts.flatMap(({ sockets }) => sockets)),
    unixSockets: parts.flatMap(({ unixSockets }) => unixSockets ?? []),
    buffers: parts.flatMap(({ buffers }) => buffers),
    workers: { key: 'udp.socket_workers', count: Math.max(...parts.map(({ workers }) => workers.count)) },
    openFiles: parts.reduce((sum, { openFiles }) => sum + openFiles, 0),
    memory: memoryOf(parts),
    inputs: distinct(parts.flatMap(({ inputs }) => inputs)),
    outputs: distinct(parts.flatMap(({ outputs }) => outputs)),
    identity: first.identity,
  }
}

/** Where HTTP has the same listener, what that needs is there already. */
function wsNeeds(config: ServeConfig, http: MachineNeeds | undefined): MachineNeeds {
  const needs = inPart('ws', streamNeeds(wsPart(config)))
  if (http === undefined || !sharesListener(config)) return needs
  const isOwn = ({ key }: { readonly key: string }): boolean => !key.startsWith('ws.network.')
  return {
    ...needs,
    sockets: needs.sockets.filter(isOwn),
    unixSockets: [],
    workers: http.workers,
    openFiles: Math.max(0, needs.openFiles - http.openFiles),
    inputs: needs.inputs.filter(isOwn),
  }
}

/** UDP and HTTP have one swarm, WebTorrent has another. */
function memoryOf(parts: readonly MachineNeeds[]): MachineNeeds['memory'] {
  const all = parts.flatMap(({ memory }) => (memory === undefined ? [] : [memory]))
  const [first, ...others] = distinct(all)
  if (first === undefined) return undefined
  return { key: first.key, bytes: others.reduce((sum, { bytes }) => sum + bytes, first.bytes) }
}

function inPart(part: Part, needs: MachineNeeds): MachineNeeds {
  const rename = <T extends { readonly key: string }>(need: T): T => ({
    ...need,
    key: keyOfPart(part, need.key),
  })
  return {
    ...needs,
    sockets: needs.sockets.map(rename),
    unixSockets: needs.unixSockets?.map(rename) ?? [],
    buffers: needs.buffers.map(rename),
    inputs: needs.inputs.map(rename),
    outputs: needs.outputs.map(rename),
    memory: needs.memory && rename(needs.memory),
  }
}

/** What several ask for under the same key is one need. */
function distinct<T extends { readonly key: string }>(needs: readonly T[]): T[] {
  return needs.filter(({ key }, index) => needs.findIndex(other => other.key === key) === index)
}

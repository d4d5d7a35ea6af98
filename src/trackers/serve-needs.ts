// What all trackers in one process ask of their machine together, for `config check`.

import type { MachineNeeds } from '../config/machine/needs.js'
import { httpPart, keyOfPart, type ServeConfig, udpPart } from '../config/serve.js'
import { httpNeeds } from './http/needs.js'
import { udpNeeds } from './udp/needs.js'

/** The needs of a configuration that has been checked by itself. */
export function serveNeeds(config: ServeConfig): MachineNeeds {
  const parts = [
    ...(config.udp.enabled ? [inPart('udp', udpNeeds(udpPart(config)))] : []),
    ...(config.http.enabled ? [inPart('http', httpNeeds(httpPart(config)))] : []),
  ]
  const [first] = parts
  return {
    sockets: distinct(parts.flatMap(({ sockets }) => sockets)),
    unixSockets: parts.flatMap(({ unixSockets }) => unixSockets ?? []),
    buffers: parts.flatMap(({ buffers }) => buffers),
    workers: { key: 'udp.socket_workers', count: Math.max(...parts.map(({ workers }) => workers.count)) },
    openFiles: parts.reduce((sum, { openFiles }) => sum + openFiles, 0),
    memory: first.memory,
    inputs: distinct(parts.flatMap(({ inputs }) => inputs)),
    outputs: distinct(parts.flatMap(({ outputs }) => outputs)),
    identity: first.identity,
  }
}

function inPart(part: 'udp' | 'http', needs: MachineNeeds): MachineNeeds {
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
  }
}

/** What both ask for under the same key is one need. */
function distinct<T extends { readonly key: string }>(needs: readonly T[]): T[] {
  return needs.filter(({ key }, index) => needs.findIndex(other => other.key === key) === index)
}

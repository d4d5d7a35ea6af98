// A machine made of texts, for checks of the machine.

import type { Machine, MachineNeeds } from '../../../src/config/machine/needs.js'

/** Nothing is asked of the machine but what `needs` says. */
export function needing(needs: Partial<MachineNeeds>): MachineNeeds {
  return {
    sockets: [],
    buffers: [],
    workers: { key: 'socket_workers', count: 1 },
    openFiles: 10,
    inputs: [],
    outputs: [],
    ...needs,
  }
}

export interface MachineParts extends Partial<Machine> {
  /** Texts by path. */
  readonly files?: Readonly<Record<string, string>>
  /** Link targets by path; the directories around them can be listed. */
  readonly links?: Readonly<Record<string, string>>
}

/** A machine that grants everything, knows nothing and has only these parts. */
export function machineOf({ files = {}, links = {}, ...parts }: MachineParts): Machine {
  const paths = [...Object.keys(files), ...Object.keys(links)]
  return {
    readText: async path => files[path],
    list: async path => {
      const inside = paths.filter(known => known.startsWith(`${path}/`))
      return [...new Set(inside.map(known => known.slice(path.length + 1).split('/')[0]!))]
    },
    readLink: async path => links[path],
    kindOf: async () => 'directory',
    whyNotWritable: async () => undefined,
    tryBind: async () => 'free',
    grantedBufferBytes: async (_direction, bytes) => bytes,
    lookAt: async () => ({ errno: 'ENOENT' }),
    hasAcl: async () => false,
    findAccount: async () => undefined,
    interfaceAddresses: () => [],
    processors: 4,
    memoryBytes: 2 ** 33,
    isRoot: true,
    ...parts,
  }
}

// All checks of the machine, in the order in which their findings are shown.

import type { Entry, Table } from '../schema.js'
import { entriesOf } from '../schema.js'
import { checkBuffers } from './buffers.js'
import { checkEngine } from './engine.js'
import { checkInputFiles, checkOutputFiles } from './files.js'
import { checkIdentity } from './identity.js'
import { checkAddressSpace, checkOpenFiles } from './limits.js'
import { checkMemory } from './memory.js'
import type { Machine, MachineCheck, MachineFinding, MachineNeeds } from './needs.js'
import { checkPorts } from './ports.js'
import { checkProcessors } from './processors.js'
import { checkRights } from './rights.js'
import { checkUnixSockets } from './unix-sockets.js'

const checks: readonly MachineCheck[] = [
  checkEngine,
  checkPorts,
  checkUnixSockets,
  checkBuffers,
  checkProcessors,
  checkOpenFiles,
  checkAddressSpace,
  checkMemory,
  checkInputFiles,
  checkOutputFiles,
  checkIdentity,
  checkRights,
]

/** Everything found, errors first. */
export async function checkMachine(needs: MachineNeeds, machine: Machine): Promise<MachineFinding[]> {
  const findings: MachineFinding[] = []
  // One after the other: the checks of ports and buffers open sockets.
  for (const check of checks) findings.push(...(await check(needs, machine)))
  const order = ['error', 'warning', 'info']
  return findings.sort((left, right) => order.indexOf(left.severity) - order.indexOf(right.severity))
}

/** Leaves out what belongs to keys without an effect: they have a notice of their own. */
export function effectiveNeeds(needs: MachineNeeds, table: Table): MachineNeeds {
  const entries: ReadonlyMap<string, Entry> = entriesOf(table)
  const counts = ({ key }: { readonly key: string }): boolean => entries.get(key)?.leaf.noEffect === undefined
  return {
    ...needs,
    sockets: needs.sockets.filter(counts),
    inputs: needs.inputs.filter(counts),
    outputs: needs.outputs.filter(counts),
    identity: needs.identity !== undefined && counts(needs.identity) ? needs.identity : undefined,
  }
}

// Can the engine work here that is asked for, and change the root directory where that is asked for too?

import { resolve } from 'node:path'
import { AquaticError } from '../../errors.js'
import type { MachineCheck } from './needs.js'

export const checkEngine: MachineCheck = async ({ engine, identity }) => {
  if (engine === undefined) return []
  try {
    const chosen = await engine.choose()
    if (identity === undefined || chosen === 'native' || resolve(identity.rootDirectory) === '/') return []
    return [
      {
        severity: 'error',
        check: 'privileges',
        key: 'privileges.chroot_path',
        text: `the engine here is ${chosen}, which can't change the root directory (${identity.rootDirectory}).`,
        remedy: `set privileges.chroot_path = "/" to change group and user only, or ${engine.key} = "native"`,
      },
    ]
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    const remedy = error.remedy === undefined ? {} : { remedy: error.remedy }
    return [{ severity: 'error', check: 'engine', key: engine.key, text: error.message, ...remedy }]
  }
}

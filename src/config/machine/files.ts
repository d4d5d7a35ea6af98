// Can the files be read and written that the configuration names?

import { dirname } from 'node:path'
import { AquaticError } from '../../errors.js'
import type { InputNeed, Machine, MachineCheck, MachineFinding, OutputNeed } from './needs.js'

const check = 'files'

export const checkInputFiles: MachineCheck = ({ inputs }) => Promise.all(inputs.map(readInput))

async function readInput({ key, path, read }: InputNeed): Promise<MachineFinding> {
  try {
    const { text, doubt } = await read()
    if (doubt === undefined) return { severity: 'info', check, key, text: `${path}: ${text}` }
    return { severity: 'warning', check, key, text: `${doubt.text}.`, remedy: doubt.remedy }
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    const remedy = error.remedy === undefined ? {} : { remedy: error.remedy }
    return { severity: 'error', check, key, text: error.message, ...remedy }
  }
}

/** What is written as another user is looked at in rights.ts. */
export const checkOutputFiles: MachineCheck = async ({ identity, outputs }, machine) => {
  if (identity !== undefined) return []
  const findings = await Promise.all(outputs.map(need => tryOutput(need, machine)))
  return findings.flat()
}

async function tryOutput(
  { key, path, makesDirectories }: OutputNeed,
  machine: Machine,
): Promise<MachineFinding[]> {
  const error = (reason: string, remedy: string): MachineFinding[] => [
    { severity: 'error', check, key, text: `${path} can't be written: ${reason}.`, remedy },
  ]
  const there = await machine.kindOf(path)
  if (there === 'directory') {
    return error('it is a directory', `name a file: ${key} = "${path.replace(/\/+$/, '')}/NAME"`)
  }
  if (there === 'other') {
    return error('it is a device, a pipe or a socket, which a new file would replace', 'choose another path')
  }
  const made = makesDirectories ? await firstToBeMade(path, machine) : path
  const obstacle = await whyNoNewFile(made, machine)
  return obstacle === undefined ? [] : error(obstacle.reason, obstacle.remedy)
}

/** The file itself, or the topmost of its directories that is missing. */
async function firstToBeMade(path: string, machine: Machine): Promise<string> {
  const directory = dirname(path)
  if (directory === path) return path
  const kind = await machine.kindOf(directory)
  const isMissing = typeof kind === 'object' && kind.errno === 'ENOENT'
  return isMissing ? await firstToBeMade(directory, machine) : path
}

/** Why no file can be made at this path, as far as its directory tells; undefined if nothing is against it. */
export async function whyNoNewFile(
  path: string,
  machine: Machine,
): Promise<{ readonly reason: string; readonly remedy: string } | undefined> {
  const remedy = 'choose another path'
  const directory = dirname(path)
  const kind = await machine.kindOf(directory)
  if (typeof kind === 'object') {
    if (kind.errno !== 'ENOENT') return { reason: `${directory} can't be looked at (${kind.errno})`, remedy }
    return { reason: `there is no directory ${directory}`, remedy: `mkdir -p ${directory}` }
  }
  if (kind !== 'directory') return { reason: `${directory} is no directory`, remedy }
  const errno = await machine.whyNotWritable(directory)
  if (errno === undefined) return undefined
  return {
    reason: `this user can't make files in ${directory} (${errno})`,
    remedy: "give the tracker's user that right, or choose another path",
  }
}

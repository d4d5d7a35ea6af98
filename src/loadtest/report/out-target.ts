// What `--out` names: checked before a run, so that nobody measures for an hour and then has nowhere to put it.

import { access, constants } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { whyNoNewFile } from '../../config/machine/files.js'
import { thisMachine } from '../../config/machine/this-machine.js'
import { AquaticError } from '../../errors.js'

export const outFormats = ['json', 'csv', 'html', 'hgrm', 'hlog', 'txt'] as const
export type OutFormat = (typeof outFormats)[number]

export type OutTarget =
  | { readonly kind: 'file'; readonly path: string; readonly format: OutFormat }
  /** Made if it is missing. */
  | { readonly kind: 'directory'; readonly path: string }

/** Checks each `--out` in turn. @throws AquaticError (AQ_OUTPUT) that says why the first bad one can't be written */
export async function checkOuts(paths: readonly string[]): Promise<OutTarget[]> {
  const targets: OutTarget[] = []
  for (const path of paths) {
    const target = await checkOut(path)
    if (targets.some(other => resolve(other.path) === resolve(path))) {
      throw new AquaticError('AQ_OUTPUT', `${path} is named twice with --out.`, { remedy: 'name it once' })
    }
    targets.push(target)
  }
  return targets
}

/** A directory by its trailing slash or because it is there; else a file, whose ending is its format. */
export async function checkOut(path: string): Promise<OutTarget> {
  const kind = await thisMachine().kindOf(path)
  if (kind === 'directory') return checkDirectory(path)
  if (path.endsWith('/')) return checkNewDirectory(path, kind)
  const ending = extname(path).slice(1).toLowerCase()
  const format = outFormats.find(format => format === ending)
  if (format === undefined) {
    const endings = outFormats.map(format => `.${format}`).join(', ')
    const reason = ending === '' ? 'its name has no ending' : `.${ending} is no format of results`
    throw refused(path, reason, `end it with one of ${endings}, or with / for a directory with all of them`)
  }
  if (kind === 'other') {
    throw refused(
      path,
      'it is a device, a pipe or a socket, which a new file would replace',
      'choose another path',
    )
  }
  if (kind === 'file') await requireWritable(path)
  else if (kind.errno !== 'ENOENT' && kind.errno !== 'ENOTDIR')
    throw refused(path, kind.errno, 'choose another path')
  await requireRoom(path)
  return { kind: 'file', path, format }
}

async function checkDirectory(path: string): Promise<OutTarget> {
  await requireRoom(`${path}/result.json`)
  return { kind: 'directory', path }
}

async function checkNewDirectory(
  path: string,
  kind: 'file' | 'other' | { readonly errno: string },
): Promise<OutTarget> {
  const bare = path.replace(/\/+$/, '')
  const isTaken = kind === 'file' || kind === 'other' || kind.errno === 'ENOTDIR'
  if (isTaken) throw refused(path, `${bare} or a part of it is no directory`, 'choose another path')
  if (kind.errno !== 'ENOENT') throw refused(path, kind.errno, 'choose another path')
  await requireRoom(bare)
  return { kind: 'directory', path }
}

/** Files are replaced by renaming, which a file's own rights do not prevent: who took them away meant it. */
async function requireWritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK)
  } catch (error) {
    throw refused(path, `it is protected against writing (${errnoOf(error)})`, 'choose another path', error)
  }
}

/** The directory has to be there: a mistyped one would be found only by who looks for the results. */
async function requireRoom(path: string): Promise<void> {
  const obstacle = await whyNoNewFile(path, thisMachine())
  if (obstacle === undefined) return
  const isMissing = obstacle.remedy.startsWith('mkdir')
  throw refused(
    path,
    obstacle.reason,
    isMissing ? obstacle.remedy : `choose another path than ${dirname(path)}`,
  )
}

function refused(path: string, reason: string, remedy: string, cause?: unknown): AquaticError {
  return new AquaticError('AQ_OUTPUT', `${path} can't be written: ${reason}.`, { remedy, cause })
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

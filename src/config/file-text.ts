// The text of a configuration file. A pipe (`-c <(generate)`, a FIFO) is read as long as somebody writes to it, and
// refused where nobody does: to wait for a writer who never comes would be to hang without a word.

import { isUtf8 } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { AquaticError, fileReason } from '../errors.js'

/** A complete file with comments has 10 kB. */
const LARGEST_FILE_BYTES = 1024 * 1024
/** Time for a writer to open its end of a pipe; from then on it may take as long as it likes. */
const PIPE_PATIENCE_MS = 5_000
/** Between two looks into a pipe that has nothing to read. */
const PIPE_LOOK_MS = 10

export interface TextOptions {
  /** Gives up the wait for a pipe. */
  readonly signal?: AbortSignal | undefined
  /** Time for a writer of a pipe to come. */
  readonly pipePatienceMs?: number
}

/**
 * Reads a whole file of UTF-8 text, without its byte order mark. A pipe gives its text only once.
 * @param application whose defaults are advised where there is no file
 * @throws AquaticError AQ_CONFIG_UNREADABLE
 */
export async function readConfigText(
  file: string,
  application: string,
  options: TextOptions = {},
): Promise<string> {
  let bytes: Buffer
  try {
    // Without O_NONBLOCK the opening of a pipe would wait for its writer, in a thread that nothing can end.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      bytes = await readWhole(handle, file, options)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof AquaticError) throw error
    throw systemError(file, application, error as NodeJS.ErrnoException)
  }
  if (!isUtf8(bytes)) throw unreadable(file, 'it is not UTF-8 text')
  // A byte order mark is no part of the text, and columns are counted without it.
  return bytes.toString('utf8').replace(/^\uFEFF/, '')
}

async function readWhole(
  handle: FileHandle,
  file: string,
  { signal, pipePatienceMs = PIPE_PATIENCE_MS }: TextOptions,
): Promise<Buffer> {
  const isPipe = (await handle.stat()).isFIFO()
  const bytes = Buffer.alloc(LARGEST_FILE_BYTES + 1)
  const patienceEndsAtMs = performance.now() + pipePatienceMs
  let length = 0
  // The end of a pipe before anybody wrote to it is no end: its writer may still come.
  for (let hasWriter = !isPipe; ; ) {
    const read = await readSome(handle, bytes, length)
    if (read === 0 && hasWriter) return bytes.subarray(0, length)
    if (read !== 0) hasWriter = true
    else if (performance.now() > patienceEndsAtMs) throw nobodyWrites(file)
    length += read ?? 0
    if (length > LARGEST_FILE_BYTES) throw unreadable(file, 'it is larger than 1 MiB')
    if (signal?.aborted) throw unreadable(file, 'the wait for its end was interrupted')
    if (!read) await setTimeout(PIPE_LOOK_MS)
  }
}

/** @returns bytes read, 0 at the end, undefined where there is nothing yet and somebody may write more */
async function readSome(handle: FileHandle, bytes: Buffer, length: number): Promise<number | undefined> {
  try {
    return (await handle.read(bytes, length, bytes.length - length, null)).bytesRead
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}

function nobodyWrites(file: string): AquaticError {
  return unreadable(
    file,
    'it is a pipe, and nothing was written to it',
    'see that the program that writes it runs and does not fail, or name a regular file.',
  )
}

function systemError(file: string, application: string, error: NodeJS.ErrnoException): AquaticError {
  const reason = fileReason(error)
  switch (error.code) {
    case 'ENOENT':
      return unreadable(file, reason, `aquatic config print ${application} > ${file}`, error)
    case 'EISDIR':
      return unreadable(file, reason, 'name the file inside it.', error)
    case 'EACCES':
    case 'EPERM':
      return unreadable(file, reason, `let this user read it: chmod a+r ${file}`, error)
    default:
      return unreadable(file, reason, undefined, error)
  }
}

function unreadable(file: string, reason: string, remedy?: string, cause?: unknown): AquaticError {
  return new AquaticError('AQ_CONFIG_UNREADABLE', `Cannot read the configuration file ${file}: ${reason}.`, {
    remedy: remedy ?? 'name a TOML file, such as aquatic config print writes.',
    cause,
  })
}

// The thread that reads access lists into shared memory, so that neither the main thread nor a worker waits for it.
// It stays for as long as the tracker runs: after a change of the root directory none could be started.

import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import { setThreadName } from '../net/thread-name.js'
import { AccessList, type AccessListMemory } from '../swarm/access-list.js'
import { readAccessList } from '../swarm/access-list-file.js'

/** What the main thread asks for, one thing at a time. */
export type AccessListTask =
  /** Fills memory that nobody reads. */
  | { readonly task: 'read'; readonly path: string; readonly memory: AccessListMemory }
  /** Gives the pages of memory that nobody reads back to the system. */
  | { readonly task: 'release'; readonly memory: AccessListMemory }

export type AccessListAnswer =
  | { readonly answer: 'done' }
  | { readonly answer: 'refused'; readonly message: string; readonly remedy: string | undefined }

/** So much below the workers (nice(1)) is a tenth of their share; 19, a seventieth, would make reloads take minutes. */
const RELOAD_NICENESS = 10
/** The lowest priority there is. */
const NICENESS_MAX = 19
/** Only on Linux 0 means this thread alone. */
const isPriorityOfThread = process.platform === 'linux'
/** Of the whole program, before the first reload: who starts it may have made it nice already. */
let ownNiceness: number | undefined

/** Where all processors are busy, a reload takes longer, not the requests. At start nobody is served yet. */
function yieldToWorkers(): void {
  if (!isPriorityOfThread) return
  try {
    ownNiceness ??= getPriority(0)
    setPriority(0, Math.min(ownNiceness + RELOAD_NICENESS, NICENESS_MAX))
  } catch (error) {
    // A service manager's filter of system calls may forbid it; then the thread takes its fair share.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
  }
}

async function loadRelease(): Promise<(buffer: SharedArrayBuffer) => void> {
  try {
    const { loadLibc } = await import('../net/native/libc.js')
    loadLibc()
    return (await import('../net/native/release-pages.js')).releasePages
  } catch (error) {
    // As in net/engine.ts: without koffi for this platform the pages stay, and the next list uses them.
    if (!(error instanceof Error)) throw error
    return () => undefined
  }
}

function read(path: string, memory: AccessListMemory): void {
  const most = AccessList.capacityOf(memory)
  readAccessList(path, hashes => {
    if (hashes <= most) return AccessList.startIn(memory, hashes)
    const figure = (value: number): string => value.toLocaleString('en-US')
    throw new AquaticError(
      'AQ_ACCESS_LIST',
      `The access list ${path} has ${figure(hashes)} info hashes; ${figure(most)} is the most.`,
      { remedy: 'Shorten the list.' },
    )
  })
}

function answer(message: AccessListAnswer): void {
  parentPort?.postMessage(message)
}

setThreadName('access-list')
const releasePages = await loadRelease()
parentPort?.on('message', (task: AccessListTask) => {
  try {
    if (task.task === 'read') read(task.path, task.memory)
    else releasePages(task.memory.buffer)
    answer({ answer: 'done' })
    yieldToWorkers()
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    answer({ answer: 'refused', message: error.message, remedy: error.remedy })
  }
})

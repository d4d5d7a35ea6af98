// Changes the root directory of the process. Node has no call for it; groups and users it can change itself.

import { errnoName } from '../errno.js'
import { loadLibc } from './libc.js'

/**
 * Makes `directory` the root directory of all threads and goes into it: chdir, chroot, chdir "/" (chroot(2)).
 * Files opened before stay open; nothing else outside can be reached afterwards.
 * @throws Error with the name of the error number
 */
export function changeRootDirectory(directory: string): void {
  const here = new TextEncoder().encode('.\0')
  process.chdir(directory)
  if (loadLibc().chroot(here) !== 0) throw new Error(`chroot: ${errnoName(loadLibc().errno())}`)
  process.chdir('/')
}

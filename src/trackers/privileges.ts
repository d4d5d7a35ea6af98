// Giving up root's rights: everything that can be wrong is found before a socket is opened, the step itself comes
// after all sockets are bound and before any worker reads a packet.

import { realpath, stat } from 'node:fs/promises'
import { type AccountKind, findAccount } from '../config/machine/accounts.js'
import { AquaticError } from '../errors.js'
import type { EngineName } from '../net/engine.js'

/** `[privileges]` of any tracker's configuration. */
export interface PrivilegeSettings {
  readonly dropPrivileges: boolean
  readonly chrootPath: string
  readonly group: string
  readonly user: string
}

export interface PrivilegeDrop {
  /** Why a worker can't be started again after the step, where it can't. */
  readonly restartObstacle: string | undefined
  /**
   * Changes root directory, groups, group and user, for all threads.
   * @returns a sentence that says so @throws AquaticError AQ_PRIVILEGES
   */
  apply(): string
}

const serviceManagerRemedy =
  'or leave privileges.drop_privileges off and let the service manager do it (docs/operating.md)'

function refuse(message: string, remedy: string, cause?: unknown): AquaticError {
  return new AquaticError('AQ_PRIVILEGES', message, { remedy, cause })
}

/**
 * Checks what is asked for and loads what is needed for it.
 * @returns null when nothing is to be given up @throws AquaticError AQ_PRIVILEGES
 */
export async function preparePrivilegeDrop(
  settings: PrivilegeSettings,
  engine: EngineName,
): Promise<PrivilegeDrop | null> {
  if (!settings.dropPrivileges) return null
  if (process.geteuid?.() !== 0) {
    const who = process.geteuid === undefined ? process.platform : `user ${process.geteuid()}`
    throw refuse(
      `privileges.drop_privileges needs the rights of root, and this process runs as ${who}.`,
      'start it as root, or set privileges.drop_privileges = false: there is nothing to give up',
    )
  }
  const directory = await rootDirectory(settings.chrootPath)
  const changesRoot = directory !== '/'
  if (changesRoot && engine !== 'native') {
    throw refuse(
      `privileges.chroot_path = "${settings.chrootPath}" asks for another root directory, ` +
        `which the ${engine} engine can't change to.`,
      'set privileges.chroot_path = "/" to change group and user only, or network.engine = "native"',
    )
  }
  const groupId = await accountNumber('group', settings.group)
  const userId = await accountNumber('passwd', settings.user)
  if (userId === 0) {
    throw refuse(
      `privileges.user = "${settings.user}" is root itself, who has nothing given up.`,
      'name another user, such as "nobody"',
    )
  }
  const changeRoot = changesRoot
    ? (await import('../net/native/privileges.js')).changeRootDirectory
    : (path: string) => process.chdir(path)
  return {
    restartObstacle: changesRoot
      ? 'since the change of the root directory its program files are out of reach'
      : undefined,
    apply: () => {
      step(`change the root directory to ${directory}`, () => changeRoot(directory))
      step(`leave all groups but ${settings.group}`, () => process.setgroups?.([groupId]))
      step(`change the group to ${settings.group}`, () => process.setgid?.(groupId))
      step(`change the user to ${settings.user}`, () => process.setuid?.(userId))
      return (
        `privileges dropped: root directory ${directory}, ` +
        `group ${settings.group} (${groupId}), user ${settings.user} (${userId})`
      )
    },
  }
}

async function rootDirectory(path: string): Promise<string> {
  const remedy = 'create it, or name another in privileges.chroot_path'
  const problem = `privileges.chroot_path = "${path}"`
  try {
    const directory = await realpath(path)
    if ((await stat(directory)).isDirectory()) return directory
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refuse(`${problem} can't be the root directory (${code}).`, remedy, error)
  }
  throw refuse(`${problem} is no directory.`, remedy)
}

async function accountNumber(kind: AccountKind, name: string): Promise<number> {
  const [what, key] = kind === 'group' ? ['group', 'privileges.group'] : ['user', 'privileges.user']
  const number = await findAccount(kind, name)
  if (number !== undefined) return number
  throw refuse(
    `There is no ${what} "${name}" on this machine (${key}).`,
    `name another: \`getent ${kind}\` lists them`,
  )
}

/** root without its usual capabilities (in a container, under a service manager) is refused here. */
function step(what: string, change: () => void): void {
  try {
    change()
  } catch (error) {
    throw refuse(
      `Cannot ${what}: ${(error as Error).message}.`,
      `give the process CAP_SYS_CHROOT, CAP_SETGID and CAP_SETUID, ${serviceManagerRemedy}`,
      error,
    )
  }
}

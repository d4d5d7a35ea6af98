// What a process that gives up root's rights can do with its files afterwards: as another user, who is not asked, and
// below another root directory. Owners, modes and links are looked at, as the tracker's own calls would meet them.

import { dirname, resolve } from 'node:path'
import { accountNumber } from './identity.js'
import type { IdentityNeed, InputNeed, Machine, MachineCheck, MachineFinding, OutputNeed } from './needs.js'
import { type Account, isAllowed, type Place, type Walked, walk } from './walk.js'

const check = 'privileges'
const STICKY = 0o1000

/** The process after it has given up its rights. */
interface Later extends IdentityNeed {
  readonly root: string
  readonly account: Account
  readonly machine: Machine
}

/** Why something can't be done, and what to do. */
interface Obstacle {
  readonly reason: string
  readonly remedy: string
  /** What forbids it, where an ACL of it may allow it all the same. */
  readonly forbiddenBy?: string
}

/** Can the new user write what is written, and read again what is read at a reload? */
export const checkRights: MachineCheck = async ({ identity, inputs, outputs }, machine) => {
  const later = identity === undefined ? undefined : await laterOf(identity, machine)
  if (later === undefined) return []
  const written = await Promise.all(outputs.map(need => tryOutput(need, later)))
  const read = await Promise.all(inputs.map(need => tryInput(need, later)))
  return [...written, ...read].flat()
}

/** Undefined where it never gets there: the check of the identity says why. */
async function laterOf(identity: IdentityNeed, machine: Machine): Promise<Later | undefined> {
  const [userId, groupId] = await Promise.all([
    accountNumber('passwd', identity.user, machine),
    accountNumber('group', identity.group, machine),
  ])
  if (userId === undefined || userId === 0 || groupId === undefined) return undefined
  const root = resolve(identity.rootDirectory)
  // With the dot a link is followed.
  const status = await machine.lookAt(`${root}/.`)
  if ('errno' in status || status.kind !== 'directory') return undefined
  return { ...identity, root, account: { userId, groupId }, machine }
}

async function tryOutput(need: OutputNeed, later: Later): Promise<MachineFinding[]> {
  const obstacle = await whyNotWritten(need, later)
  if (obstacle === undefined) return []
  const text = `${outside(need.path, later)} can't be written: ${obstacle.reason}`
  return [await findingOf('error', need.key, text, obstacle, later)]
}

/** The new file is made in the directory, and takes the place of the old one. */
async function whyNotWritten(
  { path, makesDirectories }: OutputNeed,
  later: Later,
): Promise<Obstacle | undefined> {
  const { root, account, machine, user, group } = later
  const walked = await walk(dirname(path), { root, account, followsLast: true }, machine)
  if (walked.end === 'missing') {
    // Nothing is made where a link leads to.
    if (walked.link !== undefined)
      return { reason: `the link ${walked.link} leads nowhere`, remedy: 'mend it, or choose another path' }
    if (makesDirectories) return await whyNoNewName(walked.directory, later)
    const remedy = `sudo install -d -o ${user} -g ${group} ${walked.path}`
    return { reason: `there is no directory ${walked.path}`, remedy }
  }
  if (walked.end !== 'found') return obstacleOf(walked, later)
  const directory = walked.place
  if (directory.status.kind !== 'directory') return noDirectory(directory.path)
  return (await whyNoNewName(directory, later)) ?? (await whyNotReplaced(path, directory, later))
}

async function whyNoNewName({ path, status }: Place, later: Later): Promise<Obstacle | undefined> {
  const { account, machine, user } = later
  if (!isAllowed(status, account, 'write') || !isAllowed(status, account, 'search')) {
    return {
      reason: `${nameOf(later)}, may not make files in ${path} (${rightsText(status)})`,
      remedy: `give it that right, such as with sudo chown ${user} ${path}, or choose another path`,
      forbiddenBy: path,
    }
  }
  // What not even root may do is forbidden by the file system. EACCES only says that this root, in a container, has not
  // the right to pass over owners and modes.
  const errno = machine.isRoot ? await machine.whyNotWritable(path) : undefined
  if (errno === undefined || errno === 'EACCES') return undefined
  return { reason: `nobody can make files in ${path} (${errno})`, remedy: 'choose another path' }
}

async function whyNotReplaced(path: string, directory: Place, later: Later): Promise<Obstacle | undefined> {
  const { root, account, machine } = later
  const there = await walk(path, { root, account, followsLast: false }, machine)
  if (there.end !== 'found') return undefined
  // A link is replaced too, but only where it leads to nothing else than a file.
  const followed = await walk(path, { root, account, followsLast: true }, machine)
  if (followed.end !== 'found') return followed.end === 'missing' ? undefined : obstacleOf(followed, later)
  const { kind } = followed.place.status
  if (kind !== 'file') {
    const what = kind === 'directory' ? 'a directory' : 'a device, a pipe or a socket'
    return { reason: `it is ${what}`, remedy: 'choose another path' }
  }
  const { status } = there.place
  const owners = [directory.status.userId, status.userId]
  if ((directory.status.mode & STICKY) === 0 || owners.includes(account.userId)) return undefined
  return {
    reason: `the file of user id ${status.userId} that is there can be replaced by its owner alone, as ${directory.path} is sticky`,
    remedy: `sudo rm ${there.place.path}, or choose another path`,
  }
}

async function tryInput({ key, path }: InputNeed, later: Later): Promise<MachineFinding[]> {
  const { root, account, machine, group } = later
  // What can't be read at start is said by the check of that.
  if ((await machine.kindOf(path)) !== 'file') return []
  const walked = await walk(path, { root, account, followsLast: true }, machine)
  const obstacle = walked.end === 'found' ? whyNotRead(walked.place) : obstacleOf(walked, later)
  if (obstacle === undefined) return []
  const text = `${outside(path, later)} can't be read at a reload: ${obstacle.reason}`
  return [await findingOf('warning', key, text, obstacle, later)]

  function whyNotRead({ path, status }: Place): Obstacle | undefined {
    if (status.kind !== 'file') return { reason: 'it is no file', remedy: 'choose another path' }
    if (isAllowed(status, account, 'read')) return undefined
    return {
      reason: `${nameOf(later)}, may not read it (${rightsText(status)})`,
      remedy: `sudo chgrp ${group} ${path} && sudo chmod u+r,g+r ${path}`,
      forbiddenBy: path,
    }
  }
}

/** Why a path leads nowhere. */
function obstacleOf(walked: Exclude<Walked, { end: 'found' }>, later: Later): Obstacle | undefined {
  switch (walked.end) {
    case 'closed': {
      const { path, status } = walked.directory
      return {
        reason: `${nameOf(later)}, may not look into ${path} (${rightsText(status)})`,
        remedy: `sudo chmod a+x ${path}, or choose another path`,
        forbiddenBy: path,
      }
    }
    case 'missing': {
      const below = later.root === '/' ? '' : ', as paths begin at privileges.chroot_path then'
      return { reason: `there is no ${walked.path}${below}`, remedy: 'put it there too' }
    }
    case 'no-directory':
      return noDirectory(walked.path)
    case 'unknown':
      // Whoever checks may see less than the new user: because it is not root, and has been told so, or because it is
      // one that may not pass over owners and modes.
      return later.machine.isRoot && walked.errno !== 'EACCES'
        ? { reason: `${walked.path} can't be looked at (${walked.errno})`, remedy: 'choose another path' }
        : undefined
  }
}

function noDirectory(path: string): Obstacle {
  return { reason: `${path} is no directory`, remedy: 'choose another path' }
}

async function findingOf(
  severity: 'error' | 'warning',
  key: string,
  text: string,
  { remedy, forbiddenBy }: Obstacle,
  { machine }: Later,
): Promise<MachineFinding> {
  const isSure = forbiddenBy === undefined || !(await machine.hasAcl(forbiddenBy))
  if (isSure) return { severity, check, key, text: `${text}.`, remedy }
  const doubt = `unless the ACL of ${forbiddenBy} allows it, which is not looked into here`
  return { severity: 'warning', check, key, text: `${text}, ${doubt}.`, remedy }
}

/** Other groups of the user are left: rights of theirs don't count. */
function nameOf({ user, group }: Later): string {
  return `user ${user}, with no group but ${group}`
}

function rightsText({ userId, groupId, mode }: Place['status']): string {
  return `of user id ${userId} and group id ${groupId}, mode ${mode.toString(8)}`
}

/** The path as it is outside of the new root directory. */
function outside(path: string, { root }: Later): string {
  return resolve(root, path.replace(/^\/+/, ''))
}

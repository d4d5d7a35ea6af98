// Are the user, the group and the directory known that the process is to change to, and may it?

import type { AccountKind } from './accounts.js'
import type { Machine, MachineCheck, MachineFinding } from './needs.js'

const check = 'privileges'
const whats = { passwd: 'user', group: 'group' } as const

export const checkIdentity: MachineCheck = async ({ identity }, machine) => {
  if (identity === undefined) return []
  const findings: MachineFinding[] = []
  if (!machine.isRoot) {
    findings.push({
      severity: 'error',
      check,
      key: identity.key,
      text: 'only root may change to another user, and this is not root.',
      remedy: `start as root, or set ${identity.key} = false`,
    })
  }
  findings.push(...(await checkAccount('passwd', identity.user, machine)))
  findings.push(...(await checkAccount('group', identity.group, machine)))
  const kind = await machine.kindOf(identity.rootDirectory)
  if (kind !== 'directory') {
    const reason = typeof kind === 'object' ? `it can't be looked at (${kind.errno})` : 'it is no directory'
    findings.push({
      severity: 'error',
      check,
      key: 'privileges.chroot_path',
      text: `${identity.rootDirectory} can't become the root directory: ${reason}.`,
      remedy: `mkdir -p ${identity.rootDirectory}, or choose another directory`,
    })
  }
  return findings
}

/** The number of a user or group; undefined where there is none, or where nobody can be asked. */
export async function accountNumber(
  kind: AccountKind,
  name: string,
  machine: Machine,
): Promise<number | undefined> {
  return await machine.findAccount(kind, name).catch(() => undefined)
}

async function checkAccount(kind: AccountKind, name: string, machine: Machine): Promise<MachineFinding[]> {
  const what = whats[kind]
  const add = kind === 'passwd' ? `useradd --system ${name}` : `groupadd --system ${name}`
  const finding = { check, key: `privileges.${what}` }
  let number: number | undefined
  try {
    number = await machine.findAccount(kind, name)
  } catch (error) {
    const text = `whether there is a ${what} "${name}" can't be found out here: ${messageOf(error)}.`
    return [{ severity: 'warning', ...finding, text, remedy: `see that there is one: sudo ${add}` }]
  }
  if (number === undefined) {
    const text = `there is no ${what} "${name}" on this machine.`
    return [{ severity: 'error', ...finding, text, remedy: `name another, or make it: sudo ${add}` }]
  }
  if (kind === 'group' || number !== 0) return []
  const text = `user "${name}" is root itself, who has nothing given up.`
  return [{ severity: 'error', ...finding, text, remedy: 'name another user, such as "nobody"' }]
}

function messageOf(error: unknown): string {
  return (error as Error).message.split('\n')[0]!
}

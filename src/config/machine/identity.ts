// Are the user, the group and the directory known that the process is to change to, and may it?

import type { Machine, MachineCheck, MachineFinding } from './needs.js'

const check = 'privileges'
const sections = { passwd: 'user', group: 'group' } as const

/** Whether a text of the form of /etc/passwd or /etc/group has this name. */
export function hasAccount(file: string, name: string): boolean {
  return file.split('\n').some(line => line.startsWith(`${name}:`))
}

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

async function checkAccount(
  database: 'passwd' | 'group',
  name: string,
  machine: Machine,
): Promise<MachineFinding[]> {
  const file = await machine.readText(`/etc/${database}`)
  if (file !== undefined && hasAccount(file, name)) return []
  // Accounts may come from a directory service.
  const known = await machine.knowsAccount(database, name)
  if (known === true) return []
  const what = sections[database]
  const add = database === 'passwd' ? `useradd --system ${name}` : `groupadd --system ${name}`
  const finding = { check, key: `privileges.${what}` }
  if (known === undefined) {
    const text = `whether there is a ${what} "${name}" can't be found out here.`
    return [{ severity: 'warning', ...finding, text, remedy: `see that there is one: sudo ${add}` }]
  }
  const text = `there is no ${what} "${name}" on this machine.`
  return [{ severity: 'error', ...finding, text, remedy: `name another, or make it: sudo ${add}` }]
}

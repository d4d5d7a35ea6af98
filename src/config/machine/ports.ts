// Are the ports free, and do the addresses exist? The kernel is asked by binding each for a moment; who has a busy one
// is looked up in /proc.

import { familyOf, formatSocketAddress, isWildcard } from '../../protocol/socket-address.js'
import type { Machine, MachineCheck, MachineFinding, SocketNeed } from './needs.js'
import { type Owner, ownersOf, parseSocketTable, type TableSocket, tableAddress } from './proc-net.js'

const check = 'ports'
const tcpListen = 10

export const checkPorts: MachineCheck = async ({ sockets }, machine) => {
  const findings: MachineFinding[] = []
  for (const [index, need] of sockets.entries()) {
    const rival = sockets.slice(0, index).find(other => exclude(need, other))
    if (rival !== undefined) {
      findings.push(askedTwice(need, rival))
      continue
    }
    const outcome = await machine.tryBind(need)
    if (outcome !== 'free') findings.push(await findingFor(need, outcome.errno, machine))
  }
  return findings
}

/** Whether only one of two sockets can be bound: each alone may find its port free. */
function exclude(one: SocketNeed, other: SocketNeed): boolean {
  const { port } = one.address
  if (one.protocol !== other.protocol || port === 0 || port !== other.address.port) return false
  if (familyOf(one.address) === familyOf(other.address)) {
    const isSame = tableAddress(one.address.address) === tableAddress(other.address.address)
    return isSame || isWildcard(one.address) || isWildcard(other.address)
  }
  const ipv6 = familyOf(one.address) === 'ipv6' ? one : other
  return isWildcard(ipv6.address) && !ipv6.onlyIpv6
}

function askedTwice({ key, protocol, address }: SocketNeed, rival: SocketNeed): MachineFinding {
  const text =
    `${protocol} ${formatSocketAddress(address)} can't be used: ` +
    `${rival.key} asks for ${formatSocketAddress(rival.address)}.`
  return { severity: 'error', check, key, text, remedy: `choose another port for ${key} or ${rival.key}` }
}

async function findingFor(need: SocketNeed, errno: string, machine: Machine): Promise<MachineFinding> {
  const { key, protocol, address } = need
  const where = `${protocol} ${formatSocketAddress(address)}`
  switch (errno) {
    case 'EADDRINUSE':
      return takenPort(need, where, machine)
    case 'EACCES':
    case 'EPERM':
      return {
        severity: 'error',
        check,
        key,
        text: `${where} needs a right that this user does not have${await unprivilegedFrom(machine)}.`,
        remedy:
          'choose a higher port, run the service with AmbientCapabilities=CAP_NET_BIND_SERVICE, or ' +
          `sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${address.port}`,
      }
    case 'EADDRNOTAVAIL':
      return missingAddress(need, where, machine)
    case 'EAFNOSUPPORT': {
      const text = `${where} can't be used: this machine has ${familyName(need)} switched off.`
      return { severity: 'error', check, key, text, remedy: `set network.use_${familyOf(address)} = false` }
    }
    default:
      return {
        severity: 'error',
        check,
        key,
        text: `${where} can't be used: the system refuses it (${errno}).`,
        remedy: 'see `man 2 bind` for what this error number means',
      }
  }
}

function familyName({ address }: SocketNeed): string {
  return familyOf(address) === 'ipv4' ? 'IPv4' : 'IPv6'
}

function missingAddress(need: SocketNeed, where: string, machine: Machine): MachineFinding {
  const family = familyOf(need.address)
  const existing = machine.interfaceAddresses(family)
  const list = existing.length === 0 ? `no ${familyName(need)} address at all` : existing.join(', ')
  return {
    severity: 'error',
    check,
    key: need.key,
    text: `${where} can't be used: no network interface has this address.`,
    remedy: `this machine has ${list}; ${family === 'ipv4' ? '0.0.0.0' : '[::]'} stands for all of them`,
  }
}

async function unprivilegedFrom(machine: Machine): Promise<string> {
  const text = await machine.readText('/proc/sys/net/ipv4/ip_unprivileged_port_start')
  return text === undefined ? '' : ` (ports below ${text.trim()} do here)`
}

async function takenPort(need: SocketNeed, where: string, machine: Machine): Promise<MachineFinding> {
  const sockets = conflicting(need, await readTables(need, machine))
  const owners = await ownersOf(new Set(sockets.map(({ inode }) => inode)), machine)
  const { port } = need.address
  const look = `sudo ss -lnp -A ${need.protocol} 'sport = :${port}'`
  const common = { check, key: need.key, text: `${where} is taken by ${takenBy(owners, sockets)}.` }
  if (owners.length > 0 && owners.every(({ isAquatic }) => isAquatic)) {
    // Whoever checks a file before a restart has the tracker running.
    return { severity: 'warning', ...common, remedy: 'fine if this is the tracker to be restarted' }
  }
  const remedy =
    owners.length > 0 ? 'stop it, or choose another port' : `${look} names it; or choose another port`
  return { severity: 'error', ...common, remedy }
}

function takenBy(owners: readonly Owner[], sockets: readonly TableSocket[]): string {
  if (owners.length > 0) return owners.map(({ program, pid }) => `${program} (pid ${pid})`).join(', ')
  const users = [...new Set(sockets.map(({ uid }) => uid))]
  if (users.length === 0) return 'a socket that can not be seen from here'
  return `a program of user id ${users.join(', ')} that can't be looked into from here`
}

async function readTables({ protocol }: SocketNeed, machine: Machine): Promise<TableSocket[]> {
  const tables = await Promise.all(
    ['', '6'].map(suffix => machine.readText(`/proc/net/${protocol}${suffix}`)),
  )
  const sockets = tables.flatMap(table => parseSocketTable(table ?? ''))
  return protocol === 'tcp' ? sockets.filter(({ state }) => state === tcpListen) : sockets
}

/**
 * The sockets in the way: the same port, and the same address or one of both a wildcard. A wildcard IPv6 socket may
 * have IPv4 packets too, which the tables do not tell; it counts only where no other explains the conflict.
 */
function conflicting(need: SocketNeed, sockets: readonly TableSocket[]): TableSocket[] {
  const mine = tableAddress(need.address.address)
  const isWildcard = /^[0:.]+$/.test(mine)
  const samePort = sockets.filter(({ port }) => port === need.address.port)
  const sameFamily = samePort.filter(
    socket =>
      socket.address.includes(':') === mine.includes(':') &&
      (isWildcard || socket.isWildcard || socket.address === mine),
  )
  return sameFamily.length > 0 ? sameFamily : samePort.filter(socket => isWildcard || socket.isWildcard)
}

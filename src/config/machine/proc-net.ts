// Reads the kernel's socket tables (/proc/net/udp, udp6, tcp, tcp6) and finds whose a socket is.
// The parsers are pure; only `ownersOf` asks the machine.

import type { Machine } from './needs.js'

export interface TableSocket {
  /** `0.0.0.0`, `127.0.0.1`, or eight groups of an IPv6 address with all their zeros. */
  readonly address: string
  readonly port: number
  readonly isWildcard: boolean
  readonly inode: string
  /** User id of its owner. */
  readonly uid: number
  /** The kernel's number for its state; 10 is a TCP socket that listens. */
  readonly state: number
}

/**
 * One line per socket: `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`.
 * Lines that look different are skipped.
 */
export function parseSocketTable(table: string): TableSocket[] {
  return table.split('\n').flatMap(line => {
    const columns = line.trim().split(/\s+/)
    const [, local, , state, , , , uid, , inode] = columns
    const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local ?? '')
    if (match === null || inode === undefined) return []
    const [, hex, port] = match
    return {
      address: addressOf(hex!),
      port: Number.parseInt(port!, 16),
      isWildcard: /^0+$/.test(hex!),
      inode,
      uid: Number(uid),
      state: Number.parseInt(state!, 16),
    }
  })
}

/** The kernel prints 32-bit words in the order of this machine, which is little-endian wherever Node runs. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g)!.map(word => word.match(/../g)!.reverse())
  if (words.length === 1) return words[0]!.map(byte => Number.parseInt(byte, 16)).join('.')
  const digits = words.flat().join('').toLowerCase()
  return digits.match(/.{4}/g)!.join(':')
}

/** The same form as in a parsed table: `::1` -> `0000:…:0001`. */
export function tableAddress(address: string): string {
  if (!address.includes(':')) return address
  // URLs normalise an IPv6 address: no dotted end, `::` for the longest run of zeros.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : [])
  const missing = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)]
  return all.map(group => group.padStart(4, '0')).join(':')
}

/** A program that has a socket. */
export interface Owner {
  readonly pid: number
  /** Its name, without directory and arguments: arguments may carry secrets. */
  readonly program: string
  /** True for a running `aquatic serve`. */
  readonly isAquatic: boolean
}

/** The programs that have one of these sockets open, as far as this user may see them. */
export async function ownersOf(inodes: ReadonlySet<string>, machine: Machine): Promise<Owner[]> {
  const owners: Owner[] = []
  const processes = ((await machine.list('/proc')) ?? []).filter(name => /^\d+$/.test(name))
  for (const pid of processes) {
    if (await hasSocket(`/proc/${pid}/fd`, inodes, machine)) owners.push(await ownerOf(pid, machine))
  }
  return owners
}

async function hasSocket(directory: string, inodes: ReadonlySet<string>, machine: Machine): Promise<boolean> {
  for (const descriptor of (await machine.list(directory)) ?? []) {
    const inode = /^socket:\[(\d+)\]$/.exec((await machine.readLink(`${directory}/${descriptor}`)) ?? '')?.[1]
    if (inode !== undefined && inodes.has(inode)) return true
  }
  return false
}

async function ownerOf(pid: string, machine: Machine): Promise<Owner> {
  const args = ((await machine.readText(`/proc/${pid}/cmdline`)) ?? '').split('\0')
  const comm = ((await machine.readText(`/proc/${pid}/comm`)) ?? '').trim()
  const serve = args.findIndex(argument => /(^|\/)aquatic(\.js)?$/.test(argument)) + 1
  const isAquatic = serve > 0 && args[serve] === 'serve'
  const name = args[0]?.split('/').at(-1)
  return {
    pid: Number(pid),
    program: isAquatic ? 'aquatic serve' : name === undefined || name === '' ? comm : name,
    isAquatic,
  }
}

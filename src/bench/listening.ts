// Where a process listens, by /proc: what to say of a contender that answers elsewhere.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Connection states of /proc/net/tcp and udp: a listener, and a UDP socket with no peer. */
const TCP_LISTEN = '0A'
const UDP_UNCONNECTED = '07'

/** `udp 127.0.0.1:7000`, `tcp [::]:8000`; empty for a process that is gone or not ours to look at. */
export function listeningAddresses(pid: number): string[] {
  const inodes = socketInodes(pid)
  return ['udp', 'udp6', 'tcp', 'tcp6'].flatMap(table =>
    parseSocketTable(
      read(`/proc/${pid}/net/${table}`),
      table.startsWith('udp') ? UDP_UNCONNECTED : TCP_LISTEN,
    )
      .filter(({ inode }) => inodes.has(inode))
      .map(({ address }) => `${table.slice(0, 3)} ${address}`),
  )
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>()
  for (const name of orEmpty(() => readdirSync(`/proc/${pid}/fd`))) {
    const [target = ''] = orEmpty(() => [readlinkSync(`/proc/${pid}/fd/${name}`)])
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** Lines of /proc/net/tcp and its like in one state. IPv6 addresses are only told to be that. */
function parseSocketTable(text: string, state: string): { address: string; inode: string }[] {
  return text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields[3] === state)
    .map(fields => {
      const [host = '', port = ''] = (fields[1] ?? '').split(':')
      const bytes = host.match(/../g)?.reverse() ?? []
      const name = bytes.length === 4 ? bytes.map(byte => Number.parseInt(byte, 16)).join('.') : '[IPv6]'
      return { address: `${name}:${Number.parseInt(port, 16)}`, inode: fields[9] ?? '' }
    })
}

function read(path: string): string {
  return orEmpty(() => [readFileSync(path, 'latin1')])[0] ?? ''
}

function orEmpty<T>(list: () => T[]): T[] {
  try {
    return list()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return []
  }
}

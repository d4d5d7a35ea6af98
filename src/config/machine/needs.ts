// What an application asks of the machine it runs on, in its own words. Each tracker derives its needs from its
// configuration; the checks here compare them with what the machine has.

import type { Doubt } from '../../errors.js'
import type { SocketAddress } from '../../protocol/socket-address.js'
import type { AccountKind } from './accounts.js'

export interface SocketNeed {
  /** The key that has the address. */
  readonly key: string
  readonly protocol: 'udp' | 'tcp'
  readonly address: SocketAddress
  /** IPV6_V6ONLY; without meaning for IPv4. */
  readonly onlyIpv6: boolean
}

/** A Unix socket to be bound at a path. */
export interface UnixSocketNeed {
  readonly key: string
  readonly path: string
}

export interface BufferNeed {
  readonly key: string
  readonly direction: 'receive' | 'send'
  readonly bytes: number
}

/** A file to be read at start, and again at each reload. */
export interface InputNeed {
  readonly key: string
  readonly path: string
  /**
   * Reads and parses the whole file.
   * Rejects with an AquaticError where the file is missing or wrong.
   */
  readonly read: () => Promise<InputContents>
}

/** What is in a file that was read. */
export interface InputContents {
  /** `1,234 info hashes` */
  readonly text: string
  /** Why it deserves a warning. */
  readonly doubt?: Doubt | undefined
}

/** A file to be written again and again: beside its place first, and then moved there. */
export interface OutputNeed {
  readonly key: string
  readonly path: string
  /** Directories that are missing are made. */
  readonly makesDirectories?: boolean
}

/** What the process becomes once its sockets are bound. */
export interface IdentityNeed {
  readonly key: string
  readonly user: string
  readonly group: string
  readonly rootDirectory: string
}

/** The engine that is chosen on this machine. */
export interface EngineNeed {
  readonly key: string
  /** Rejects with an AquaticError where the one that is asked for can't work. */
  readonly choose: () => Promise<'native' | 'node'>
}

export interface MachineNeeds {
  readonly engine?: EngineNeed
  readonly sockets: readonly SocketNeed[]
  readonly unixSockets?: readonly UnixSocketNeed[]
  readonly buffers: readonly BufferNeed[]
  readonly workers: { readonly key: string; readonly count: number }
  /** Open files and sockets at most, in ordinary operation. */
  readonly openFiles: number
  /** Absent where the size follows from the machine itself. */
  readonly memory?: { readonly key: string; readonly bytes: number } | undefined
  readonly inputs: readonly InputNeed[]
  readonly outputs: readonly OutputNeed[]
  readonly identity?: IdentityNeed | undefined
}

/** One thing found on this machine. */
export interface MachineFinding {
  /** `error`: it would not start, or not do what was asked. `info`: nothing to be done. */
  readonly severity: 'error' | 'warning' | 'info'
  /** Which check it is from, such as `ports`. */
  readonly check: string
  readonly key?: string
  /** One sentence. */
  readonly text: string
  /** What to do; absent for `info`. */
  readonly remedy?: string
}

/** One kind of check; it never throws for what it can't find out. */
export type MachineCheck = (needs: MachineNeeds, machine: Machine) => Promise<readonly MachineFinding[]>

export type BindOutcome = 'free' | { readonly errno: string }

/** Owner and mode of what is at a path. */
export interface PathStatus {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  readonly userId: number
  readonly groupId: number
  /** Permissions, 0o755, with the sticky bit. */
  readonly mode: number
}

/** What the checks ask of the machine: the real one is in this-machine.ts, tests have others. */
export interface Machine {
  /** A text file such as /proc/meminfo; undefined where it can't be read. */
  readText(path: string): Promise<string | undefined>
  /** Names in a directory; undefined where it can't be read. */
  list(path: string): Promise<readonly string[] | undefined>
  /** Where a symbolic link points; undefined where that can't be told. */
  readLink(path: string): Promise<string | undefined>
  /** `file`, `directory` or `other`; otherwise the error's name, such as `ENOENT`. */
  kindOf(path: string): Promise<'file' | 'directory' | 'other' | { readonly errno: string }>
  /** Undefined if files can be made in this directory, otherwise the error's name. */
  whyNotWritable(directory: string): Promise<string | undefined>
  /** Binds the address for a moment. */
  tryBind(need: SocketNeed): Promise<BindOutcome>
  /** What the system grants of a UDP buffer of this size; undefined where it does not say. */
  grantedBufferBytes(direction: 'receive' | 'send', bytes: number): Promise<number | undefined>
  /** What is at a path; a link is not followed. Otherwise the error's name. */
  lookAt(path: string): Promise<PathStatus | { readonly errno: string }>
  /** Whether there is more to a path's rights than owner and mode; false where that can't be told. */
  hasAcl(path: string): Promise<boolean>
  /** The number of this user or group; undefined where there is none. Rejects where the system can't be asked. */
  findAccount(kind: AccountKind, name: string): Promise<number | undefined>
  /** Addresses of the network interfaces. */
  interfaceAddresses(family: 'ipv4' | 'ipv6'): readonly string[]
  readonly processors: number
  readonly memoryBytes: number
  readonly isRoot: boolean
}

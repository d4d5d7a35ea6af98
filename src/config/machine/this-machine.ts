// The machine this process runs on, as the checks ask for it. The only file here that touches it.

import { execFile } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { constants, type Stats } from 'node:fs'
import { access, lstat, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism, networkInterfaces, totalmem } from 'node:os'
import { familyOf } from '../../protocol/socket-address.js'
import { findAccount } from './accounts.js'
import type { BindOutcome, Machine, PathStatus, SocketNeed } from './needs.js'

/** This machine, as this process sees it: affinity and container limits count. */
export function thisMachine(): Machine {
  const constrained = process.constrainedMemory?.() ?? 0
  return {
    readText: path => readFile(path, 'utf8').catch(nothing),
    list: path => readdir(path).catch(nothing),
    readLink: path => readlink(path).catch(nothing),
    kindOf,
    whyNotWritable: directory =>
      access(directory, constants.W_OK | constants.X_OK).then(nothing, (error: unknown) => errnoOf(error)),
    tryBind: need => (need.protocol === 'udp' ? bindUdp(need) : bindTcp(need)),
    grantedBufferBytes,
    lookAt,
    hasAcl,
    findAccount,
    interfaceAddresses: family =>
      Object.values(networkInterfaces())
        .flatMap(addresses => addresses ?? [])
        .filter(({ family: name }) => name === (family === 'ipv4' ? 'IPv4' : 'IPv6'))
        .map(({ address }) => address),
    processors: availableParallelism(),
    // 0 or a huge number: no container limit.
    memoryBytes: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
    isRoot: process.geteuid?.() === 0,
  }
}

function nothing(): undefined {
  return undefined
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

async function kindOf(path: string): ReturnType<Machine['kindOf']> {
  try {
    const status = await stat(path)
    if (status.isDirectory()) return 'directory'
    return status.isFile() ? 'file' : 'other'
  } catch (error) {
    return { errno: errnoOf(error) }
  }
}

async function lookAt(path: string): ReturnType<Machine['lookAt']> {
  try {
    const status = await lstat(path)
    return { kind: statusKind(status), userId: status.uid, groupId: status.gid, mode: status.mode & 0o7777 }
  } catch (error) {
    return { errno: errnoOf(error) }
  }
}

function statusKind(status: Stats): PathStatus['kind'] {
  if (status.isSymbolicLink()) return 'link'
  if (status.isDirectory()) return 'directory'
  return status.isFile() ? 'file' : 'other'
}

function bindUdp({ address, onlyIpv6 }: SocketNeed): Promise<BindOutcome> {
  return new Promise(resolve => {
    // The flag would make binding an IPv4 socket fail.
    const socket = createSocket(
      familyOf(address) === 'ipv4' ? { type: 'udp4' } : { type: 'udp6', ipv6Only: onlyIpv6 },
    )
    socket.once('error', error => {
      socket.close()
      resolve({ errno: errnoOf(error) })
    })
    socket.bind({ address: address.address, port: address.port, exclusive: true }, () => {
      socket.close(() => resolve('free'))
    })
  })
}

function bindTcp({ address, onlyIpv6 }: SocketNeed): Promise<BindOutcome> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy())
    server.once('error', error => resolve({ errno: errnoOf(error) }))
    const ipv6Only = familyOf(address) === 'ipv6' && onlyIpv6
    server.listen({ host: address.address, port: address.port, ipv6Only, exclusive: true }, () => {
      server.close(() => resolve('free'))
    })
  })
}

/** Linux keeps twice what it grants, for its own bookkeeping, and reports that. */
const reportedPerGranted = process.platform === 'linux' ? 2 : 1

function grantedBufferBytes(direction: 'receive' | 'send', bytes: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const socket = createSocket('udp4')
    const answer = (granted: number | undefined): void => {
      socket.close(() => resolve(granted))
    }
    socket.once('error', () => answer(undefined))
    socket.bind({ address: '127.0.0.1', port: 0, exclusive: true }, () => {
      askForBuffer(socket, direction, bytes)
      const reported = direction === 'receive' ? socket.getRecvBufferSize() : socket.getSendBufferSize()
      answer(reported / reportedPerGranted)
    })
  })
}

function askForBuffer(socket: Socket, direction: 'receive' | 'send', bytes: number): void {
  try {
    if (direction === 'receive') socket.setRecvBufferSize(bytes)
    else socket.setSendBufferSize(bytes)
  } catch (error) {
    // Other systems refuse instead of granting less; the size then is what it was.
    if (errnoOf(error) !== 'ERR_SOCKET_BUFFER_SIZE') throw error
  }
}

/** GNU's `ls` puts a plus behind the mode. Others say nothing of ACLs. */
function hasAcl(path: string): Promise<boolean> {
  return new Promise(resolve => {
    execFile('ls', ['-ld', '--', path], (error, stdout) =>
      resolve(error === null && /^\S{10}\+/.test(stdout)),
    )
  })
}

// Ports that nobody uses at the moment, for UDP and TCP alike, on the loopback address.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

const TRIES_MAX = 20

/** @returns `count` different ports; they may be taken by others before they are used */
export async function findFreePorts(count: number): Promise<number[]> {
  const held: (() => void)[] = []
  const ports: number[] = []
  try {
    for (let tries = 0; ports.length < count && tries < TRIES_MAX * count; tries++) {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      held.push(() => server.close())
      const { port } = server.address() as AddressInfo
      if (await isFreeForUdp(port)) ports.push(port)
    }
    return ports
  } finally {
    for (const close of held) close()
  }
}

async function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return true
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return false
  } finally {
    socket.close()
  }
}

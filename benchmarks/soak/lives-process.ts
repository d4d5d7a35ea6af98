// Starts and ends the process of the short-lived clients.
import { fileURLToPath } from 'node:url'
import { startUnpinned } from '../support/children.js'
import type { SoakPlan } from './plan.js'
import type { LivesTotals } from './record.js'
import type { Ports } from './tracker.js'

const program = fileURLToPath(new URL('./lives.js', import.meta.url))

export interface Lives {
  /** How it ended, which it should not do by itself. */
  readonly exited: Promise<string>
  /** Lets all clients say their last word, and tells what they did; rejects when it failed. */
  readonly stop: () => Promise<LivesTotals>
}

/** Clients begin at once, and go on until they are stopped. */
export function startLives(ports: Ports, { peerAgeSeconds, seed }: SoakPlan): Lives {
  const numbers = [ports.udp, ports.http, ports.ws, peerAgeSeconds, seed]
  const child = startUnpinned({ command: process.execPath, args: [program, ...numbers.map(String)] })
  return {
    exited: child.exited,
    stop: async () => {
      await child.stop('SIGTERM')
      const end = await child.exited
      if (end !== 'ended with exit code 0')
        throw new Error(`the short-lived clients ${end}: ${child.stderr().trim()}`)
      return JSON.parse(child.stdout()) as LivesTotals
    },
  }
}

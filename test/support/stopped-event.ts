// The last line of `serve --json`: totals and every counter.

import type { ProcessEnd } from './child-process.js'

export interface StoppedEvent {
  readonly event: 'stopped'
  readonly requests: number
  readonly responses: number
  readonly dropped: number
  readonly kernelDrops: number
  readonly torrents: number
  readonly peers: number
  readonly counters: Readonly<Record<string, number>>
}

export function stoppedEventOf({ stdout }: ProcessEnd): StoppedEvent {
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as StoppedEvent
}

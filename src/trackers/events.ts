// What a running tracker tells its command, which prints it: lines for people, JSON objects for machines.

import type { TrackerSnapshot } from '../metrics/snapshot.js'

/** What is spoken at an address. */
export type SpokenName = 'udp' | 'http' | 'https' | 'ws' | 'wss'

/** `event` names the kind; every field is plain data. With `--json` each is one line on stdout, as it stands here. */
export type TrackerEvent =
  | {
      readonly event: 'listening'
      readonly protocol: SpokenName
      /** An IP address, or the path of a Unix socket, whose port is 0. */
      readonly address: string
      readonly port: number
      readonly engine: string
      readonly workers: number
    }
  /** The endpoint that Prometheus reads. */
  | {
      readonly event: 'listening'
      readonly protocol: 'metrics'
      readonly address: string
      readonly port: number
    }
  /** Start-up facts: which engine and why, keys without effect, settings worth a thought. */
  | { readonly event: 'notice'; readonly text: string }
  /** Socket buffers asked for (0: the system's default) and granted, per socket, in bytes. */
  | {
      readonly event: 'buffers'
      readonly protocol: 'udp'
      readonly address: string
      readonly port: number
      readonly receiveBytesAsked: number
      readonly receiveBytesGranted: number
      readonly sendBytesAsked: number
      readonly sendBytesGranted: number
    }
  | { readonly event: 'worker-restarted'; readonly worker: string; readonly reason: string }
  /** Something an operator should know: at most once a minute for each kind, or once at start and for each reload. */
  | { readonly event: 'warning'; readonly text: string }
  /** With `statistics.print_to_stdout`: every interval, after the statistics files are written. */
  | ({ readonly event: 'statistics' } & TrackerSnapshot)
  | ({ readonly event: 'stopped' } & TrackerSummary)

/** Totals of a run. */
export interface TrackerSummary {
  readonly seconds: number
  readonly requests: number
  readonly responses: number
  readonly dropped: number
  readonly kernelDrops: number
  readonly torrents: number
  readonly peers: number
  /** Every counter by name, all workers together. */
  readonly counters: Readonly<Record<string, number>>
}

export type TrackerEventSink = (event: TrackerEvent) => void

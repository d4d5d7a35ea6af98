// What all `serve` commands share: how a tracker's events are written, and what the signals do.

import { ExitCode } from '../errors.js'
import { createLogger, type LogLevel } from '../log.js'
import { statisticsLines } from '../metrics/statistics-lines.js'
import { formatSocketAddress } from '../protocol/socket-address.js'
import { counted } from '../trackers/counted.js'
import type { TrackerEvent, TrackerEventSink, TrackerSummary } from '../trackers/events.js'

export interface EventOutput {
  /** Every event as one JSON line on stdout. */
  readonly json: boolean
  /** No lines about start and stop on stderr. */
  readonly quiet: boolean
  /** Which warnings are logged. */
  readonly logLevel: LogLevel
  /** Takes text for stdout. */
  readonly write: (text: string) => void
  /** Takes lines for stderr. */
  readonly remark: (text: string) => void
}

/** Writes events: JSON lines on stdout, or lines for people on stderr. */
export function printEvents({ json, quiet, logLevel, write, remark }: EventOutput): TrackerEventSink {
  const logger = createLogger(quiet && logLevel !== 'off' ? 'error' : logLevel, remark)
  const writeJson = notesAfterListening(event => write(`${JSON.stringify(event)}\n`))
  return event => {
    if (json) writeJson(event)
    else if (event.event === 'warning') logger.log('warn', event.text)
    else if (event.event === 'worker-restarted') logger.log('error', lineFor(event))
    else if (!quiet) remark(`${lineFor(event)}\n`)
  }
}

/** A program that starts a tracker reads the first line for its address: what is said before waits until then. */
function notesAfterListening(write: TrackerEventSink): TrackerEventSink {
  let held: TrackerEvent[] | undefined = []
  return event => {
    if (held !== undefined && (event.event === 'notice' || event.event === 'warning')) {
      held.push(event)
      return
    }
    write(event)
    for (const earlier of held ?? []) write(earlier)
    held = undefined
  }
}

function lineFor(event: TrackerEvent): string {
  switch (event.event) {
    case 'listening': {
      if (event.protocol === 'metrics')
        return `listening metrics http://${formatSocketAddress(event)}/metrics`
      const workers = counted(event.workers, 'worker')
      return `listening ${event.protocol} ${formatSocketAddress(event)} (${event.engine} engine, ${workers})`
    }
    case 'buffers':
      return (
        `buffers ${event.protocol} ${formatSocketAddress(event)}: ` +
        `receive ${bufferText(event.receiveBytesAsked, event.receiveBytesGranted)}, ` +
        `send ${bufferText(event.sendBytesAsked, event.sendBytesGranted)}`
      )
    case 'worker-restarted':
      return `worker ${event.worker} failed and was restarted: ${event.reason}`
    case 'statistics':
      return statisticsLines(event).join('\n')
    case 'stopped':
      return stoppedLine(event)
    case 'notice':
    case 'warning':
      return `note: ${event.text}`
  }
}

function bufferText(asked: number, granted: number): string {
  const figures = `${asked === 0 ? 'default' : `${asked} bytes asked`}, ${granted} granted`
  return granted < asked ? `${figures} (the system's limit)` : figures
}

function stoppedLine(summary: TrackerSummary): string {
  const { seconds, requests, responses, dropped, kernelDrops, torrents, peers } = summary
  return (
    `stopped after ${figure(seconds)} s: ${counted(requests, 'request')}, ` +
    `${counted(responses, 'response')}, ${figure(dropped)} dropped, ` +
    `${figure(kernelDrops)} lost in the kernel; ` +
    `${counted(torrents, 'torrent')}, ${counted(peers, 'peer')}`
  )
}

function figure(value: number): string {
  return value.toLocaleString('en-US')
}

/** SIGINT is 2 and SIGTERM 15; a shell reports a death by signal as 128 and its number. */
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const

/** `timeout`, npm and terminals send a signal to a process and to its group: two in so short a time are one. */
const SAME_SIGNAL_MS = 200

export interface StopRequest {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** 130 after SIGINT; after SIGTERM 0 (a service manager's normal stop) unless told. */
  exitCode(): number
}

/**
 * The first SIGINT or SIGTERM asks for a stop, the second ends the process at once.
 * @param terminated what SIGTERM's stop exits with: 0 for what is meant to be ended so
 */
export function untilSignal(terminated: number = ExitCode.ok): StopRequest {
  const controller = new AbortController()
  let received: NodeJS.Signals | undefined
  let receivedAtMs = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (received === undefined) {
        received = name
        receivedAtMs = performance.now()
        controller.abort()
      } else if (performance.now() - receivedAtMs > SAME_SIGNAL_MS) {
        process.exit(128 + SIGNAL_NUMBERS[name])
      }
    })
  }
  return {
    signal: controller.signal,
    exitCode: () => (received === 'SIGINT' ? ExitCode.interrupted : terminated),
  }
}

/**
 * SIGHUP and SIGUSR1 ask for a reload. To be called early: without listeners the first would end the tracker and the
 * second would open node's debugger.
 * @returns what takes the function to call for each request; one that came before is not forgotten
 */
export function reloadRequests(): (reload: () => void) => void {
  let isWaiting = false
  let onRequest = (): void => {
    isWaiting = true
  }
  for (const name of ['SIGHUP', 'SIGUSR1'] as const) process.on(name, () => onRequest())
  return reload => {
    onRequest = reload
    if (isWaiting) reload()
  }
}

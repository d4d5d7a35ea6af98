// One measurement of a WebTorrent tracker.
import { fileURLToPath } from 'node:url'
import type { Certificate, LaunchOn } from '../http/contenders.js'
import { findFreePort } from '../http/readiness.js'
import { type Child, runPinned, startPinned } from '../support/children.js'
import * as support from '../support/measure.js'
import { waitUntilAnswering } from './client.js'
import { type Load, type LoadResult, parseResult } from './loads.js'

export type Measurement = support.Measurement<LoadResult>

/** What all measurements of a run share: programs are those of the yardstick. */
export interface WsBench extends support.Bench {
  readonly programs: ReadonlyMap<Load['program'], string>
  readonly certificate: Certificate | undefined
}

/** A program of this directory that holds connections: it prints lines, and is told by lines on its stdin. */
export class Holder {
  readonly #child: Child
  #printed = ''
  #hasEnded = false
  #wake: (() => void) | undefined

  constructor(program: 'offers-load' | 'idle-connections', port: number, connections: number, core: number) {
    const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
    this.#child = startPinned({
      command: process.execPath,
      args: [path, String(port), String(connections)],
      core,
      hasInput: true,
      onStdout: text => {
        this.#printed += text
        this.#wake?.()
      },
    })
    this.#child.exited.then(() => {
      this.#hasEnded = true
      this.#wake?.()
    })
  }

  /** Resolves with what was printed since the last call, when a line begins so; throws when the program ends first. */
  async waitForLine(start: string): Promise<string> {
    const line = new RegExp(`^${start}.*\\n`, 'm')
    while (!line.test(this.#printed)) {
      // Not as soon as it has exited: its last lines may still be on their way.
      if (this.#hasEnded)
        throw new Error(`the load ${await this.#child.exited}: ${lastLines(this.#child.stderr())}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const printed = this.#printed
    this.#printed = ''
    return printed
  }

  write(text: string): void {
    this.#child.write(text)
  }

  endInput(): void {
    this.#child.endInput()
  }

  async stop(): Promise<void> {
    await this.#child.stop()
  }
}

/** The error's sentence among node's report of it. */
function lastLines(stderr: string): string {
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().slice(-300)
}

/** Starts a load whose connections stay between warming up and measuring. */
function createHeldLoad(
  load: Load,
  port: number,
  core: number,
): [(seconds: number) => Promise<LoadResult>, () => Promise<void>] {
  let holder: Holder | undefined
  const run = async (seconds: number): Promise<LoadResult> => {
    if (holder === undefined) {
      holder = new Holder('offers-load', port, load.connections, core)
      await holder.waitForLine('open ')
    }
    holder.write(`${seconds}\n`)
    return parseResult(await holder.waitForLine('responses '))
  }
  return [run, async () => holder?.stop()]
}

/**
 * Starts the tracker, warms it up, measures one load and stops it.
 * Throws when it does not start, dies under the load (and says how) or nothing is answered.
 */
export async function measure(bench: WsBench, launchOn: LaunchOn, load: Load): Promise<Measurement> {
  const port = await findFreePort()
  const innerPort = await findFreePort()
  const tls = load.isTls ? bench.certificate : undefined
  const program = bench.programs.get(load.program)
  const mode = load.isTls ? ['ws'] : []
  const [run, stop] =
    program === undefined
      ? createHeldLoad(load, port, bench.loadCore)
      : [
          async (seconds: number): Promise<LoadResult> => {
            const args = [String(port), String(seconds), String(load.connections), ...mode]
            return parseResult(await runPinned({ command: program, args, core: bench.loadCore }))
          },
          async (): Promise<void> => undefined,
        ]
  try {
    return await support.measure<LoadResult>(bench, {
      launch: directory => launchOn({ port, innerPort, directory, tls }),
      waitUntilAnswering: exited => waitUntilAnswering(port, load.isTls, exited),
      runLoad: run,
    })
  } finally {
    await stop()
  }
}

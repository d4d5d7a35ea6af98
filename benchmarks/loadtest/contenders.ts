// Load generators that are compared, whatever they speak: how ours is started, and what one has to be able to.
import { fileURLToPath } from 'node:url'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import type { Contender as AnyContender } from '../support/contenders.js'
import { findOurs, oursName } from '../support/contenders.js'
import type { LoadCounts } from '../support/cost.js'
import { type GeneratorBench, type GeneratorRun, measureBetween } from './processor-time.js'

/** Loads a responder on a port of the loopback address and says what that cost the generator. */
export type RunGenerator<Load> = (bench: GeneratorRunBench, load: Load, port: number) => Promise<GeneratorRun>

export type Contender<Load> = AnyContender<RunGenerator<Load>>

export interface GeneratorRunBench extends GeneratorBench {
  readonly seconds: number
  readonly warmUpSeconds: number
  /** For files that a generator needs; removed when the benchmark ends. */
  readonly scratchDirectory: string
}

const program = fileURLToPath(new URL('./generate.js', import.meta.url))

/**
 * Our generator on the native engine.
 * @param planOf its plan for a load, all but lengths and target
 * @param isTls whether the responder of a load speaks TLS
 */
export function createOurs<Load>(
  repository: string,
  planOf: (load: Load) => Omit<LoadPlan, 'phases' | 'target'>,
  isTls: (load: Load) => boolean = () => false,
): Contender<Load> {
  return {
    name: oursName,
    find: () => {
      const found = findOurs(repository, 'udp')
      if ('reason' in found) return found
      return {
        version: found.version,
        launch: (bench, load, port) => {
          const plan = {
            ...planOf(load),
            ...lengthsOf(bench),
            target: { ...targetOf(planOf(load).protocol, port), isTls: isTls(load) },
          }
          const args = [program, JSON.stringify(plan)]
          return measureBetween(
            bench,
            { command: process.execPath, args },
            {
              isStart: line => line.includes('"phase":"measure"'),
              isEnd: line => line.includes('"phase":"drain"'),
              parse: parseOurs,
            },
          )
        },
      }
    },
  }
}

function lengthsOf({ seconds, warmUpSeconds }: GeneratorRunBench): Pick<LoadPlan, 'phases'> {
  const phases = {
    connectSeconds: 5,
    fillSeconds: 0,
    warmUpSeconds,
    measureSeconds: seconds,
    drainSeconds: 2,
  }
  return { phases }
}

function targetOf(protocol: string, port: number): LoadPlan['target'] {
  const address = '127.0.0.1'
  return {
    url: `${protocol}://${address}:${port}${protocol === 'udp' ? '' : '/announce'}`,
    address,
    port,
    family: 4,
    hostName: address,
    path: '/announce',
    scrapePath: '/scrape',
    isTls: false,
    verifiesCertificate: false,
  }
}

/** Reads the last line of `generate`; throws when it is another. */
export function parseOurs(stdout: string): LoadCounts {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  const { answered, seconds } = JSON.parse(line) as { answered?: number; seconds?: number }
  if (answered === undefined || seconds === undefined) throw new Error(`not the output of generate: ${line}`)
  return { responses: answered, seconds, responsesPerSecond: answered / seconds }
}

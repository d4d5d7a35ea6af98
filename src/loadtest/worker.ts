// A thread that makes load: sets up what every generator needs and runs the one for its protocol and engine.

import { parentPort, workerData } from 'node:worker_threads'
import { AquaticError } from '../errors.js'
import { setThreadName, threadId } from '../net/thread-name.js'
import { Accounts } from './accounts.js'
import { RunControl } from './control.js'
import { type Generator, type GeneratorContext, Remarks } from './generator.js'
import type { LoadPlan } from './plan.js'
import { Population } from './population.js'
import { Random } from './random.js'
import { Schedule } from './schedule.js'
import { Gauge, Tally } from './tally.js'
import type { LoadWorkerData, LoadWorkerRemark, LoadWorkerReport } from './worker-data.js'

/** Streams of random numbers beside those of the population. */
const GENERATOR_STREAM = 1 << 16
const SCHEDULE_STREAM = 1 << 17
const SIDE_STREAM = 1 << 18

/** Only what a plan needs is loaded: undici and ws are heavy. */
async function generatorFor({ protocol, engine }: LoadPlan): Promise<Generator> {
  switch (`${protocol} ${engine}` as const) {
    case 'udp native':
      return (await import('./udp/native-generator.js')).generateUdpNative
    case 'udp node':
      return (await import('./udp/node-generator.js')).generateUdpNode
    case 'http native':
      return (await import('./http/native-generator.js')).generateHttpNative
    case 'http node':
      return (await import('./http/node-generator.js')).generateHttpNode
    case 'ws native':
      return (await import('./ws/native-generator.js')).generateWsNative
    case 'ws node':
      return (await import('./ws/node-generator.js')).generateWsNode
  }
}

function tell(message: LoadWorkerRemark | LoadWorkerReport): void {
  parentPort?.postMessage(message)
}

function contextOf({ worker, plan, control: memory, tally, relays }: LoadWorkerData): GeneratorContext {
  const control = new RunControl(memory)
  const { pacing, seed, workers } = plan
  return {
    worker,
    plan,
    control,
    accounts: new Accounts(new Tally(tally, worker), control, plan.timeoutMs, pacing.mode === 'open'),
    population: new Population(plan.population, seed, worker, workers),
    random: new Random(seed, GENERATOR_STREAM + worker),
    sideRandom: new Random(seed, SIDE_STREAM + worker),
    schedule:
      pacing.mode === 'open'
        ? new Schedule({ ...pacing, workers, worker }, new Random(seed, SCHEDULE_STREAM + worker))
        : null,
    remarks: new Remarks((text, count) => tell({ remark: [text, count] })),
    sockets: { receiveBufferBytesGranted: null, drops: null },
    ...(relays === undefined ? {} : { relays }),
  }
}

/** @returns the report; errors that the user can mend cross as data, others end the thread */
async function work(data: LoadWorkerData): Promise<LoadWorkerReport> {
  setThreadName(`load-${data.plan.protocol}-${String(data.worker + 1).padStart(2, '0')}`)
  const context = contextOf(data)
  context.accounts.tally.gauges[Gauge.threadId] = threadId()
  try {
    const generate = await generatorFor(data.plan)
    await generate(context)
  } catch (error) {
    if (!(error instanceof AquaticError)) throw error
    const { code, message, remedy } = error
    return { refusal: { code, message, remedy } }
  }
  const { receiveBufferBytesGranted, drops } = context.sockets
  return { remarks: context.remarks.entries(), receiveBufferBytesGranted, socketDrops: drops }
}

tell(await work(workerData as LoadWorkerData))

// A thread that makes load: sets up what every generator needs and runs the one for its protocol and engine.

import { parentPort, workerData } from 'node:worker_threads'
import { setThreadName } from '../net/thread-name.js'
import { Accounts } from './accounts.js'
import { RunControl } from './control.js'
import { type Generator, type GeneratorContext, Remarks } from './generator.js'
import type { LoadPlan } from './plan.js'
import { Population } from './population.js'
import { Random } from './random.js'
import { Schedule } from './schedule.js'
import { Tally } from './tally.js'
import type { LoadWorkerData, LoadWorkerReport } from './worker-data.js'

/** Streams of random numbers beside those of the population. */
const GENERATOR_STREAM = 1 << 16
const SCHEDULE_STREAM = 1 << 17

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

function contextOf({ worker, plan, control: memory, tally }: LoadWorkerData): GeneratorContext {
  const control = new RunControl(memory)
  const { pacing, seed, workers } = plan
  return {
    worker,
    plan,
    control,
    accounts: new Accounts(new Tally(tally, worker), control, plan.timeoutMs, pacing.mode === 'open'),
    population: new Population(plan.population, seed, worker, workers),
    random: new Random(seed, GENERATOR_STREAM + worker),
    schedule:
      pacing.mode === 'open'
        ? new Schedule({ ...pacing, workers, worker }, new Random(seed, SCHEDULE_STREAM + worker))
        : null,
    remarks: new Remarks(),
    sockets: { receiveBufferBytesGranted: null, drops: null },
  }
}

const data = workerData as LoadWorkerData
setThreadName(`load-${data.plan.protocol}-${String(data.worker + 1).padStart(2, '0')}`)
const context = contextOf(data)
const generate = await generatorFor(data.plan)
await generate(context)
const report: LoadWorkerReport = {
  remarks: context.remarks.entries(),
  receiveBufferBytesGranted: context.sockets.receiveBufferBytesGranted,
  socketDrops: context.sockets.drops,
}
parentPort?.postMessage(report)

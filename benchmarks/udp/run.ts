// What one response costs each tracker, in processor time, under the same loads on the same machine in one
// run.
import { fileURLToPath } from 'node:url'
import { compareContenders } from '../support/comparison.js'
import { describeEnvironment } from '../support/environment.js'
import { prepareBench } from '../support/measure.js'
import { runProgram } from '../support/program.js'
import { describeCost } from '../support/rounds.js'
import { createContenders } from './contenders.js'
import { type Measurement, measure } from './measure.js'
import { parseOptions } from './options.js'
import { judgeTargets } from './record.js'
import { renderReport } from './report.js'
import { buildYardstick, loads } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

function describeMeasurement(measurement: Measurement): string {
  const { load } = measurement
  const doubt = load.errors + load.lost > 0 ? `, ${load.errors} errors, ${load.lost} lost` : ''
  return `${describeCost(measurement)}${doubt}`
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const environment = describeEnvironment(options.trackerCore)
  const shared = prepareBench(options)
  const yardstick = buildYardstick(options.yardstick, repository, shared.scratchDirectory)
  const bench = { ...shared, yardstick }
  return await compareContenders(options, {
    directory: 'udp',
    environment,
    ownCore: options.loadCore,
    loads,
    contenders: createContenders({
      repository,
      yardstick,
      aquaticMioPath: options.aquaticMio,
      aquaticIoUringPath: options.aquaticIoUring,
    }),
    overheadSeconds: () => 1,
    measure: (load, launch) => measure(bench, launch, load),
    describe: describeMeasurement,
    judge: judgeTargets,
    render: renderReport,
  })
}

await runProgram(main)

// What one response costs each HTTP tracker, in processor time, under the same loads on the same machine in
// one run.
import { fileURLToPath } from 'node:url'
import { compareContenders } from '../support/comparison.js'
import { describeEnvironment, firstLineOf } from '../support/environment.js'
import { prepareBench } from '../support/measure.js'
import { runProgram } from '../support/program.js'
import { describeCost } from '../support/rounds.js'
import { writeCertificate } from './certificate.js'
import { canTake, createContenders } from './contenders.js'
import { type HttpBench, type Measurement, measure } from './measure.js'
import { parseOptions } from './options.js'
import { judgeTargets } from './record.js'
import { renderReport } from './report.js'
import { buildYardstick, onlyBuildable } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
function describeMeasurement(measurement: Measurement): string {
  const { failed, resumedShare } = measurement.load
  const resumed = resumedShare === undefined ? '' : `, ${(resumedShare * 100).toFixed(0)} % resumed`
  return `${describeCost(measurement)}${resumed}${failed > 0 ? `, ${failed} failed` : ''}`
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const openssl = firstLineOf('openssl', ['version']) ?? 'unknown'
  const environment = [
    ...describeEnvironment(options.trackerCore),
    ['OpenSSL', `node ${process.versions.openssl}; load generator and nginx: ${openssl}`] as const,
  ]
  const loads = onlyBuildable(options.loads)
  const shared = prepareBench(options)
  const bench: HttpBench = {
    ...shared,
    yardstick: buildYardstick(options.yardstick, repository, shared.scratchDirectory, loads),
    certificate: writeCertificate(shared.scratchDirectory),
  }
  const places = { repository, aquaticHttpPath: options.aquaticHttp, chihayaPath: options.chihaya }
  return await compareContenders(options, {
    directory: 'http',
    environment,
    ownCore: options.loadCore,
    loads,
    contenders: createContenders(places),
    canTake,
    overheadSeconds: () => 1,
    measure: (load, launch) => measure(bench, launch, load),
    describe: describeMeasurement,
    judge: judgeTargets,
    render: renderReport,
  })
}

await runProgram(main)

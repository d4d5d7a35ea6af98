// What one message costs each WebTorrent tracker, in processor time, under the same loads on the same machine in
// one run.
import { fileURLToPath } from 'node:url'
import { writeCertificate } from '../http/certificate.js'
import { onlyBuildable } from '../http/yardstick.js'
import { compareContenders } from '../support/comparison.js'
import { describeEnvironment, firstLineOf } from '../support/environment.js'
import { prepareBench } from '../support/measure.js'
import { runProgram } from '../support/program.js'
import { describeCost } from '../support/rounds.js'
import { createContenders } from './contenders.js'
import { buildLoads } from './loads.js'
import { type Measurement, measure, type WsBench } from './measure.js'
import { checkConnections, readConnectionsMax } from './open-files.js'
import { parseOptions } from './options.js'
import { judgeTargets } from './record.js'
import { renderReport } from './report.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Start, settling and stopping of a tracker: only for the estimate of how long the run takes. */
const overheadSeconds = 1.5
/** Opening and closing one connection, likewise. */
const connectionSeconds = 0.0003

function describeMeasurement(measurement: Measurement): string {
  const { failed, relay } = measurement.load
  const lost = relay === undefined ? '' : `, ${relay.unanswered} of ${relay.announces} announces given up on`
  return `${describeCost(measurement)}${lost}${failed > 0 ? `, ${failed} failed` : ''}`
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  const openssl = firstLineOf('openssl', ['version']) ?? 'unknown'
  const environment = [
    ...describeEnvironment(options.trackerCore),
    ['OpenSSL', `node ${process.versions.openssl}; load generator: ${openssl}`] as const,
  ]
  const loads = onlyBuildable(options.loads)
  const connections = Math.max(...loads.map(load => load.connections))
  checkConnections(connections, readConnectionsMax(), 'choose other loads with --loads')
  const shared = prepareBench(options)
  const bench: WsBench = {
    ...shared,
    programs: buildLoads(options.yardstick, repository, shared.scratchDirectory, loads),
    certificate: loads.some(load => load.isTls) ? writeCertificate(shared.scratchDirectory) : undefined,
  }
  return await compareContenders(options, {
    directory: 'ws',
    environment,
    ownCore: options.loadCore,
    loads,
    contenders: createContenders({ repository, aquaticWsPath: options.aquaticWs }),
    overheadSeconds: load => overheadSeconds + load.connections * connectionSeconds,
    measure: (load, launch) => measure(bench, launch, load),
    describe: describeMeasurement,
    judge: judgeTargets,
    render: renderReport,
  })
}

await runProgram(main)

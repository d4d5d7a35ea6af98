// What one answered announce costs our WebTorrent load generator, the yardstick's in C and aquatic's (which speaks TLS
// only), against our own tracker with one worker.
import { fileURLToPath } from 'node:url'
import { writeCertificate } from '../http/certificate.js'
import { oursArguments } from '../http/contenders.js'
import { findFreePort } from '../http/readiness.js'
import { makeScratchDirectory } from '../support/children.js'
import { runProgram } from '../support/program.js'
import { buildPrograms, findYardstick } from '../support/yardstick.js'
import { waitUntilAnswering } from '../ws/client.js'
import { compare } from './comparison.js'
import { parseOptions } from './options.js'
import { aquaticName, createWsContenders, type WsLoad, yardstickName } from './ws-contenders.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

const loads: readonly WsLoad[] = [
  { name: 'plain', title: 'Announces without offers, plain', isTls: false },
  { name: 'tls', title: 'Announces without offers, TLS', isTls: true },
]

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const options = parseOptions(args, 'ours,ours-node,load-ws,aquatic', 'BENCHMARK_AQUATIC_WS_LOAD_TEST')
  const scratchDirectory = makeScratchDirectory()
  const sources = findYardstick(options.yardstick, repository, 'load-ws.c')
  const [loadPath] = buildPrograms(sources, scratchDirectory, ['load-ws'])
  const certificate = writeCertificate(scratchDirectory)
  return compare(options, {
    protocol: 'ws',
    loads,
    contenders: createWsContenders(repository, loadPath!, options.aquatic),
    canMake: ({ isTls }, contender) => contender !== (isTls ? yardstickName : aquaticName),
    targets: [
      { load: 'plain', contender: yardstickName, bound: 1.6 },
      { load: 'tls', contender: aquaticName, bound: 0.8 },
    ],
    responder: {
      description: '`aquatic serve ws` with one worker, whose cost is the same whoever asks.',
      findPort: findFreePort,
      launch: (port, { isTls }) => ({
        command: process.execPath,
        args: oursArguments(repository, 'ws', port, isTls ? certificate : undefined),
      }),
      waitUntilAnswering: (port, exited, { isTls }) => waitUntilAnswering(port, isTls, exited),
    },
    settings: `Settings are equal: 64 connections, 100 torrents, one announce in flight on each connection, no offers. Ours
alone draws a mask for each frame, reads what it is answered, keeps times of each request and fills histograms; \`load-ws\`
writes the same frame again and counts what it receives. aquatic's generator speaks TLS only, and \`load-ws\` does not.`,
  })
}

await runProgram(main)

// What one answered request costs our UDP load generator, the yardstick's in C and aquatic's, against a responder that
// keeps no state.
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { runProgram } from '../support/program.js'
import { findFreePort, waitUntilAnswering } from '../udp/probe.js'
import { buildYardstick } from '../udp/yardstick.js'
import { compare } from './comparison.js'
import { parseOptions } from './options.js'
import { createUdpContenders, type UdpLoad } from './udp-contenders.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

const loads: readonly UdpLoad[] = [
  {
    name: 'mixed',
    title: 'Mixed load: 50 connect : 50 announce : 1 scrape',
    mix: { connect: 50, announce: 50, scrape: 1 },
  },
]

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const options = parseOptions(args, 'ours,load-udp,aquatic', 'BENCHMARK_AQUATIC_UDP_LOAD_TEST')
  const yardstick = buildYardstick(options.yardstick, repository, makeScratchDirectory())
  return compare(options, {
    protocol: 'udp',
    loads,
    contenders: createUdpContenders(repository, yardstick.loadPath, options.aquatic),
    targets: [
      { load: 'mixed', contender: 'load-udp', bound: 1.4 },
      { load: 'mixed', contender: 'aquatic_udp_load_test', bound: 0.8 },
    ],
    responder: {
      description: "the yardstick's `null-udp`, which answers every announce with 20 peers.",
      findPort: findFreePort,
      launch: port => ({ command: yardstick.nullPath, args: [String(port)] }),
      waitUntilAnswering,
    },
    settings: `Settings are equal: 8 sockets, 2 MiB of receive buffer each, 100,000 torrents, at most 9 hashes in a scrape
(\`load-udp\`: always 5), windows of 64 requests on each socket (aquatic's has none: it goes on as long as 90 % of its
requests were answered). Ours alone keeps times of each request, recognises late and second answers, and fills
histograms; \`load-udp\` counts answers.`,
  })
}

await runProgram(main)

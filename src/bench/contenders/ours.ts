// aquatic itself, on both engines.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Contender, Launch, LaunchRequest } from '../contender.js'
import { commitOf } from '../environment.js'

const BINARY = fileURLToPath(new URL('../../../../bin/aquatic.js', import.meta.url))

function ours(key: string, name: string, engine: 'native' | 'node'): Contender {
  return {
    key,
    name,
    serves: ({ protocol, isTls }) => protocol !== 'udp' || !isTls,
    find: async () => {
      const { version } = createRequire(import.meta.url)('../../../../package.json') as { version: string }
      return {
        version: `${version}${await commitOf(fileURLToPath(new URL('../../../..', import.meta.url)))}`,
        path: BINARY,
        limits: [],
        launch: async request => [launchOf(request, engine)],
      }
    },
  }
}

function launchOf(
  { service, port, processors, numwant, certificate }: LaunchRequest,
  engine: string,
): Launch {
  const settings = [
    `socket_workers=${processors}`,
    `network.engine=${engine}`,
    'network.use_ipv6=false',
    `network.address_ipv4=127.0.0.1:${port}`,
    ...(service.protocol === 'udp' ? [`protocol.max_response_peers=${numwant}`] : []),
    ...(certificate === null || !service.isTls
      ? []
      : [
          'network.enable_tls=true',
          `network.tls_certificate_path=${certificate.certificatePath}`,
          `network.tls_private_key_path=${certificate.keyPath}`,
        ]),
  ]
  const flags = settings.flatMap(set => ['--set', set])
  return { command: process.execPath, args: [BINARY, 'serve', service.protocol, '--json', ...flags] }
}

export const oursNative = ours('aquatic', 'aquatic', 'native')
export const oursNode = ours('aquatic-node', 'aquatic (node engine)', 'node')

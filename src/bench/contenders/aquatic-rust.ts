// aquatic 0.9 (Rust): one program for each protocol, for UDP with two ways to the kernel.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchProtocol, Contender, Found, LaunchRequest, Missing, Places } from '../contender.js'
import { findProgram, firstLineOf, outputOf } from '../programs.js'

/** Everything that is told to it; the rest is its default. `printed` is its own default configuration. */
export function aquaticConfiguration(
  printed: string,
  { port, processors, numwant, certificate, service }: Omit<LaunchRequest, 'directory' | 'infoHashFile'>,
  usesIoUring: boolean,
): string {
  const swarmWorkers = printed.includes('swarm_workers') ? ['swarm_workers = 1'] : []
  // 0.9 has one address; later versions have one for each family.
  const address = printed.includes('address_ipv4')
    ? ['use_ipv6 = false', `address_ipv4 = "127.0.0.1:${port}"`]
    : [`address = "127.0.0.1:${port}"`]
  const ioUring = printed.includes('use_io_uring') ? [`use_io_uring = ${usesIoUring}`] : []
  const tls =
    certificate === null || !service.isTls
      ? []
      : [
          'enable_tls = true',
          `tls_certificate_path = "${certificate.certificatePath}"`,
          `tls_private_key_path = "${certificate.keyPath}"`,
        ]
  const protocol = service.protocol === 'udp' ? ['', '[protocol]', `max_response_peers = ${numwant}`] : []
  const workers = [`socket_workers = ${processors}`, ...swarmWorkers]
  return `${[...workers, '', '[network]', ...address, ...ioUring, ...tls, ...protocol].join('\n')}\n`
}

async function findRust(
  key: string,
  protocol: BenchProtocol,
  usesIoUring: boolean,
  places: Places,
): Promise<Found | Missing> {
  const features = usesIoUring ? ' --features io-uring' : ''
  const remedy = `cargo install aquatic_${protocol}${features}, or --path ${key}=FILE`
  const command = findProgram(key, [`aquatic_${protocol}`], places, remedy)
  if (typeof command !== 'string') return command
  const printed = await outputOf(command, ['-p'])
  if (printed === undefined) return { reason: `${command} -p fails`, remedy }
  if (usesIoUring && !printed.includes('use_io_uring')) {
    return { reason: `${command} is built without io_uring`, remedy }
  }
  // Its rings are locked memory: the limit is lifted where that is allowed, else the shell's holds.
  const mayLift = (await outputOf('prlimit', ['--memlock=unlimited', 'true'])) !== undefined
  const limits = protocol === 'udp' ? [] : ['has threads of its own for the swarm, besides those for sockets']
  return {
    version: (await firstLineOf(command, ['--version'])) ?? 'it does not say which',
    path: command,
    limits: mayLift ? limits : [...limits, 'its locked memory is limited here'],
    launch: async request => {
      const configuration = join(request.directory, 'aquatic.toml')
      await writeFile(configuration, aquaticConfiguration(printed, request, usesIoUring))
      const args = ['-c', configuration]
      return mayLift
        ? [{ command: 'prlimit', args: ['--memlock=unlimited', command, ...args] }]
        : [{ command, args }]
    },
  }
}

function rust(key: string, name: string, protocol: BenchProtocol, usesIoUring = false): Contender {
  return {
    key,
    name,
    serves: service => service.protocol === protocol && (protocol !== 'udp' || !service.isTls),
    find: places => findRust(key, protocol, usesIoUring, places),
  }
}

export const aquaticRust: readonly Contender[] = [
  rust('aquatic-rust-mio', 'aquatic (Rust, mio)', 'udp'),
  rust('aquatic-rust-uring', 'aquatic (Rust, io_uring)', 'udp', true),
  rust('aquatic-rust-http', 'aquatic (Rust)', 'http'),
  rust('aquatic-rust-ws', 'aquatic (Rust)', 'ws'),
]

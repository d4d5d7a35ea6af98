// chihaya (Go). Who becomes a seeder without the event `completed` stays among its leechers too, and is listed to
// itself.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender, LaunchRequest } from '../contender.js'
import { findProgram } from '../programs.js'

const REMEDY =
  'git clone https://github.com/chihaya/chihaya, there go build ./cmd/chihaya, then --path chihaya=chihaya/chihaya'

export const chihaya: Contender = {
  key: 'chihaya',
  name: 'chihaya',
  serves: ({ protocol }) => protocol !== 'ws',
  find: async places => {
    const command = findProgram('chihaya', ['chihaya'], places, REMEDY)
    if (typeof command !== 'string') return command
    return {
      version: 'it does not say which',
      path: command,
      limits: [
        'keeps HTTP connections only because it is told to',
        'lists a seeder that was a leecher to itself, unless it has said that it completed',
      ],
      knownWrongs: ['announce answer wrong: the announcer itself among the peers'],
      launch: async request => {
        const configuration = join(request.directory, 'chihaya.yaml')
        await writeFile(configuration, chihayaConfiguration(request))
        const environment = { GOMAXPROCS: String(request.processors) }
        return [{ command, args: ['--config', configuration], environment }]
      },
    }
  },
}

/** Storage in memory, no request timing; its TLS listener starts only beside a plain one. */
export function chihayaConfiguration(request: Omit<LaunchRequest, 'directory' | 'infoHashFile'>): string {
  const frontend = request.service.protocol === 'udp' ? udpFrontend(request) : httpFrontend(request)
  return `chihaya:
  announce_interval: "30m"
  min_announce_interval: "15m"
  metrics_addr: ""
${frontend}
  storage:
    name: "memory"
    config:
      gc_interval: "3m"
      peer_lifetime: "31m"
      shard_count: 1024
      prometheus_reporting_interval: "1s"
`
}

function udpFrontend({ port, numwant }: Pick<LaunchRequest, 'port' | 'numwant'>): string {
  return `  udp:
    addr: "127.0.0.1:${port}"
    max_clock_skew: "10s"
    private_key: "a key that is long enough for chihaya, and no secret at all"
    enable_request_timing: false
    allow_ip_spoofing: false
    max_numwant: ${numwant}
    default_numwant: ${numwant}
    max_scrape_infohashes: 50`
}

function httpFrontend({
  port,
  sparePort,
  numwant,
  certificate,
  service,
}: Omit<LaunchRequest, 'directory' | 'infoHashFile'>): string {
  const listen =
    certificate === null || !service.isTls
      ? `    addr: "127.0.0.1:${port}"`
      : `    addr: "127.0.0.1:${sparePort}"
    https_addr: "127.0.0.1:${port}"
    tls_cert_path: "${certificate.certificatePath}"
    tls_key_path: "${certificate.keyPath}"`
  return `  http:
${listen}
    read_timeout: "5s"
    write_timeout: "5s"
    enable_keepalive: true
    idle_timeout: "180s"
    enable_request_timing: false
    announce_routes: ["/announce"]
    scrape_routes: ["/scrape"]
    max_numwant: ${numwant}
    default_numwant: ${numwant}
    max_scrape_infohashes: 50`
}

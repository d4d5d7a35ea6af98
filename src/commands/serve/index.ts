import { httpPart, serveTable, udpPart } from '../../config/serve.js'
import { ServeCommand } from '../serve-command.js'

export default class ServeAll extends ServeCommand {
  static override summary = 'Run the UDP and the HTTP tracker in one process, on one swarm.'

  static override description = `Clients of one protocol are given peers of the other.
Serves until SIGINT or SIGTERM; SIGHUP and SIGUSR1 read access list and certificate again.
Without a configuration file both listen on port 3000 of all IPv4 and IPv6 addresses.
"listening" on stderr (or on stdout with --json) means that it answers.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config tracker.toml',
    '<%= config.bin %> <%= command.id %> --set udp.network.address_ipv4=127.0.0.1:6969 --set http.enabled=false',
  ]

  async run(): Promise<void> {
    await this.serve(
      serveTable,
      async () => (await this.parse(ServeAll)).flags,
      async config => {
        const [{ udpTracker }, { httpTracker }] = await Promise.all([
          import('../../trackers/udp/tracker.js'),
          import('../../trackers/http/tracker.js'),
        ])
        return [
          ...(config.udp.enabled ? [udpTracker(udpPart(config))] : []),
          ...(config.http.enabled ? [httpTracker(httpPart(config))] : []),
        ]
      },
    )
  }
}

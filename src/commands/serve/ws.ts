import { wsTable } from '../../config/ws.js'
import { ServeCommand } from '../serve-command.js'

export default class ServeWs extends ServeCommand {
  static override summary = 'Run the WebTorrent tracker (WebSocket), plain or with TLS.'

  static override description =
    `Serves until SIGINT or SIGTERM; SIGHUP and SIGUSR1 read access list and certificate again.
Without a configuration file it listens on port 3000 of all IPv4 and IPv6 addresses.
"listening" on stderr (or on stdout with --json) means that it answers.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config tracker.toml',
    '<%= config.bin %> <%= command.id %> --set network.address_ipv4=127.0.0.1:8000 --set network.use_ipv6=false',
    '<%= config.bin %> <%= command.id %> --set network.enable_tls=true --set network.tls_certificate_path=fullchain.pem --set network.tls_private_key_path=privkey.pem',
  ]

  async run(): Promise<void> {
    await this.serve(
      wsTable,
      async () => (await this.parse(ServeWs)).flags,
      async config => [(await import('../../trackers/ws/tracker.js')).wsTracker(config)],
    )
  }
}

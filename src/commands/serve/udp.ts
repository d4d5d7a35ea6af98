import { udpTable } from '../../config/udp.js'
import { ServeCommand } from '../serve-command.js'

export default class ServeUdp extends ServeCommand {
  static override summary = 'Run the UDP tracker (BEP 15).'

  static override description =
    `Serves until SIGINT or SIGTERM; SIGHUP and SIGUSR1 read the access list again.
Without a configuration file it listens on port 3000 of all IPv4 and IPv6 addresses.
"listening" on stderr (or on stdout with --json) means that it answers.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config tracker.toml',
    '<%= config.bin %> <%= command.id %> --set network.address_ipv4=127.0.0.1:6969 --set network.use_ipv6=false',
    '<%= config.bin %> <%= command.id %> --json --set network.address_ipv4=127.0.0.1:0',
  ]

  async run(): Promise<void> {
    await this.serve(
      udpTable,
      async () => (await this.parse(ServeUdp)).flags,
      async config => [(await import('../../trackers/udp/tracker.js')).udpTracker(config)],
    )
  }
}

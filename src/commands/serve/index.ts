import {
  httpPart,
  type ServeConfig,
  serveTable,
  sharesListener,
  udpPart,
  wsPart,
} from '../../config/serve.js'
import type { TrackerSetup } from '../../trackers/tracker.js'
import { ServeCommand } from '../serve-command.js'

export default class ServeAll extends ServeCommand {
  static override summary = 'Run the UDP, the HTTP and the WebTorrent tracker in one process.'

  static override description =
    `Clients of UDP and HTTP are given peers of either; those of WebTorrent, who can't talk to them, have swarms of their own.
Serves until SIGINT or SIGTERM; SIGHUP and SIGUSR1 read access list and certificate again.
Without a configuration file all listen on port 3000 of all IPv4 and IPv6 addresses; HTTP and WebTorrent share it.
"listening" on stderr (or on stdout with --json) means that it answers.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config tracker.toml',
    '<%= config.bin %> <%= command.id %> --set udp.network.address_ipv4=127.0.0.1:6969 --set http.enabled=false',
  ]

  async run(): Promise<void> {
    await this.serve(serveTable, async () => (await this.parse(ServeAll)).flags, setupsOf)
  }
}

async function setupsOf(config: ServeConfig): Promise<readonly TrackerSetup[]> {
  const [{ udpTracker }, { httpTracker }, { httpAndWsTracker, wsTracker }] = await Promise.all([
    import('../../trackers/udp/tracker.js'),
    import('../../trackers/http/tracker.js'),
    import('../../trackers/ws/tracker.js'),
  ])
  const setups = config.udp.enabled ? [udpTracker(udpPart(config))] : []
  if (sharesListener(config)) return [...setups, httpAndWsTracker(httpPart(config), wsPart(config))]
  if (config.http.enabled) setups.push(httpTracker(httpPart(config)))
  if (config.ws.enabled) setups.push(wsTracker(wsPart(config)))
  return setups
}

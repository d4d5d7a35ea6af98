import { httpTable } from '../../config/http.js'
import { AquaticCommand, configFlags, writeRemark } from '../base.js'
import { printEvents, reloadRequests, untilSignal } from '../serving.js'

export default class ServeHttp extends AquaticCommand {
  static override summary = 'Run the HTTP tracker (BEP 3, 7, 23, 48), plain or TLS.'

  static override description =
    `Serves until SIGINT or SIGTERM; SIGHUP and SIGUSR1 read access list and certificate again.
Without a configuration file it listens on port 3000 of all IPv4 and IPv6 addresses.
"listening" on stderr (or on stdout with --json) means that it answers.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config tracker.toml',
    '<%= config.bin %> <%= command.id %> --set network.address_ipv4=127.0.0.1:6969 --set network.use_ipv6=false',
    '<%= config.bin %> <%= command.id %> --json --set network.address_ipv4=127.0.0.1:0',
  ]

  static override flags = { ...configFlags }

  /** A tracker serves on without a reader of its events. */
  protected override stdoutFailed(error: NodeJS.ErrnoException): void {
    if (this.#isMute) return
    this.#isMute = true
    writeRemark(`error: Events can't be written to stdout any more: ${error.message}.\n`)
  }

  #isMute = false

  async run(): Promise<void> {
    const stop = untilSignal()
    const onReloadable = reloadRequests()
    const { flags } = await this.parse(ServeHttp)
    const { config, notices } = await this.loadConfig(httpTable, flags)
    const onEvent = printEvents({
      json: this.jsonEnabled(),
      quiet: flags.quiet,
      logLevel: config.logLevel,
      write: text => this.writeAnswer(text),
    })
    for (const text of notices) onEvent({ event: 'notice', text })
    const [{ runTrackers }, { httpTracker }] = await Promise.all([
      import('../../trackers/host.js'),
      import('../../trackers/http/tracker.js'),
    ])
    const summary = await runTrackers(config, [httpTracker(config)], {
      signal: stop.signal,
      onEvent,
      onReloadable,
    })
    onEvent({ event: 'stopped', ...summary })
    process.exitCode = stop.exitCode()
  }
}

import { loadtestUdpTable } from '../../config/loadtest-udp.js'
import { LoadTestCommand, type LoadTestInput, loadTestArgs } from '../loadtest-command.js'
import { loadTestFlags } from '../loadtest-flags.js'

export default class LoadtestUdp extends LoadTestCommand {
  static override summary = 'Load a UDP tracker, and measure what it does.'

  static override description = `Sends connect, announce and scrape requests in datagrams (BEP 15):
as fast as they are answered, or at a rate (--rate, --stage), or at the highest one that keeps --slo (--search).
Without a URL it asks the tracker that aquatic serve udp starts. Ctrl-C ends it with the result so far.
Exit codes: 0, 1 failed, 2 wrong flags or configuration, 3 an objective was missed, 4 the load test was the limit,
130 and 143 interrupted. docs/loadtest.md has recipes; every flag is a key of the file too.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> --duration 60',
    "<%= config.bin %> <%= command.id %> udp://tracker.example:6969 --rate 50k --slo 'announce.p99<5ms' --slo 'loss<0.1%'",
    '<%= config.bin %> <%= command.id %> --stage 10s:0-20k --stage 30s:20k --out result.json --out report.html',
    "<%= config.bin %> <%= command.id %> --search --slo 'p99<5ms' --duration 10",
    '<%= config.bin %> <%= command.id %> --mix 0:100:1 --fill 1m --config loadtest.toml',
  ]

  static override args = loadTestArgs

  static override flags = loadTestFlags(loadtestUdpTable)

  async run(): Promise<unknown> {
    const input = async (): Promise<LoadTestInput> => {
      const { args, flags } = await this.parse(LoadtestUdp)
      return { flags: flags as LoadTestInput['flags'], url: args.url }
    }
    return this.loadTest(loadtestUdpTable, input, config => ({ protocol: 'udp', config }))
  }
}

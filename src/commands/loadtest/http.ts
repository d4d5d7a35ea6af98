import { loadtestHttpTable } from '../../config/loadtest-http.js'
import { LoadTestCommand, type LoadTestInput, loadTestArgs } from '../loadtest-command.js'
import { loadTestFlags } from '../loadtest-flags.js'

export default class LoadtestHttp extends LoadTestCommand {
  static override summary = 'Load an HTTP tracker, and measure what it does.'

  static override description = `Sends announces and scrapes over HTTP/1.1, plain or with TLS (BEP 3, 23, 48):
as fast as they are answered, or at a rate (--rate, --stage), or at the highest one that keeps --slo (--search).
Without a URL it asks the tracker that aquatic serve http starts. Ctrl-C ends it with the result so far.
Exit codes: 0, 1 failed, 2 wrong flags or configuration, 3 an objective was missed, 4 the load test was the limit,
130 and 143 interrupted. docs/loadtest.md has recipes; every flag is a key of the file too.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> --duration 60',
    "<%= config.bin %> <%= command.id %> https://tracker.example/announce --rate 50k --slo 'announce.p99<5ms' --slo 'loss<0.1%'",
    '<%= config.bin %> <%= command.id %> --stage 10s:0-20k --stage 30s:20k --out result.json --out report.html',
    "<%= config.bin %> <%= command.id %> --search --slo 'p99<5ms' --duration 10",
    '<%= config.bin %> <%= command.id %> --no-keep-alive --connections 64 http://127.0.0.1:3000',
  ]

  static override args = loadTestArgs

  static override flags = loadTestFlags(loadtestHttpTable)

  async run(): Promise<unknown> {
    const input = async (): Promise<LoadTestInput> => {
      const { args, flags } = await this.parse(LoadtestHttp)
      return { flags: flags as LoadTestInput['flags'], url: args.url }
    }
    return this.loadTest(loadtestHttpTable, input, config => ({ protocol: 'http', config }))
  }
}

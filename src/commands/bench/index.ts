import type { ReportData } from '../../bench/report/report-data.js'
import { BenchCommand, benchFlags } from '../bench-command.js'

export default class Bench extends BenchCommand {
  static override summary = 'Compare trackers, all protocols, everyone who is here.'

  static override description =
    `Every contender meets every workload once in each block, started afresh, in random order; ratios are
paired within blocks. Results, report.md, report.html and report.json are written to a directory.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> --quick',
    '<%= config.bin %> <%= command.id %> --contender aquatic --contender opentracker --out results',
    "<%= config.bin %> <%= command.id %> --command mine='./tracker --port {port}' --workload udp-mixed",
    '<%= config.bin %> <%= command.id %> --resume results',
  ]

  static override flags = benchFlags

  async run(): Promise<ReportData | undefined> {
    const { flags } = await this.parse(Bench)
    return this.bench(['udp', 'http', 'ws'], flags)
  }
}

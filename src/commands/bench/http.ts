import type { ReportData } from '../../bench/report/report-data.js'
import { BenchCommand, benchFlags } from '../bench-command.js'

export default class BenchHttp extends BenchCommand {
  static override summary = 'Compare HTTP trackers.'

  static override description = 'As aquatic bench, with the workloads of one protocol.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --quick',
    '<%= config.bin %> <%= command.id %> --blocks 10 --duration 10 --out results',
  ]

  static override flags = benchFlags

  async run(): Promise<ReportData | undefined> {
    const { flags } = await this.parse(BenchHttp)
    return this.bench(['http'], flags)
  }
}

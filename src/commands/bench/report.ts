import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type { ReportData } from '../../bench/report/report-data.js'
import { AquaticCommand } from '../base.js'
import { tableSize } from '../bench-command.js'

export default class BenchReport extends AquaticCommand {
  static override summary = 'Report the results of a bench, also of one that runs or was interrupted.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> results',
    '<%= config.bin %> <%= command.id %> results --format markdown > docs/benchmarks/bench.md',
    '<%= config.bin %> <%= command.id %> results --json',
  ]

  static override args = { directory: Args.string({ required: true, description: 'What --out named.' }) }

  static override flags = {
    format: Flags.option({
      options: ['table', 'markdown', 'html', 'json'] as const,
      default: 'table',
      description: 'What is printed; json is --json.',
    })(),
  }

  async run(): Promise<ReportData | undefined> {
    const { args, flags } = await this.parse(BenchReport)
    const { readBench } = await import('../../bench/stored-bench.js')
    const { reportOf } = await import('../../bench/report-of.js')
    const { head, results } = await readBench(args.directory)
    const report = reportOf(head, results)
    if (this.jsonEnabled()) return report
    if (flags.format === 'json') {
      this.logJson(report)
    } else if (flags.format === 'markdown') {
      this.writeAnswer((await import('../../bench/report/markdown.js')).markdownReport(report))
    } else if (flags.format === 'html') {
      this.writeAnswer((await import('../../bench/report/html.js')).htmlReport(report))
    } else {
      this.writeAnswer(await (await import('../../bench/report/table.js')).tableReport(report, tableSize()))
    }
    return undefined
  }
}

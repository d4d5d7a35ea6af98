import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type { BenchChange } from '../../bench/compare.js'
import { AquaticError, ExitCode } from '../../errors.js'
import { AquaticCommand } from '../base.js'

export default class BenchCompare extends AquaticCommand {
  static override summary = 'Say what changed between two benches, beyond the noise of both.'

  static override description =
    `Where both have the same baseline, ratios to it are compared, which a change of the whole machine
leaves as they are. Exit code 3 with --max-regression when something got worse by more than that.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> before after',
    '<%= config.bin %> <%= command.id %> before after --max-regression 5 --json',
  ]

  static override args = {
    before: Args.string({ required: true, description: 'Directory of the earlier bench.' }),
    after: Args.string({ required: true, description: 'Directory of the later bench.' }),
  }

  static override flags = {
    'max-regression': Flags.integer({
      min: 0,
      max: 1000,
      helpValue: 'PERCENT',
      description: 'How much worse a figure may get.',
    }),
  }

  async run(): Promise<{ changes: BenchChange[] } | undefined> {
    const { args, flags } = await this.parse(BenchCompare)
    const { readBench } = await import('../../bench/stored-bench.js')
    const { reportOf } = await import('../../bench/report-of.js')
    const { compareReports } = await import('../../bench/compare.js')
    const [before, after] = await Promise.all(
      [args.before, args.after].map(async directory => {
        const { head, results } = await readBench(directory)
        return reportOf(head, results)
      }),
    )
    const changes = compareReports(before!, after!)
    if (changes.length === 0) {
      throw new AquaticError(
        'AQ_BENCH_RESULTS',
        `${args.before} and ${args.after} have no workload and contender in common.`,
        { remedy: 'aquatic bench report DIRECTORY says what each has' },
      )
    }
    const limit = flags['max-regression']
    if (limit !== undefined && changes.some(change => isBeyond(change, limit / 100))) {
      process.exitCode = ExitCode.objectiveMissed
    }
    if (this.jsonEnabled()) return { changes }
    const { figureText } = await import('../../bench/report/figure-text.js')
    const { default: Table } = await import('cli-table3')
    const table = new Table({
      head: ['workload', 'contender', 'figure', 'before', 'after', 'change'],
      style: { head: [], border: [] },
    })
    for (const { workload, contender, metric, before, after, ratio, isNoise, isWorse } of changes) {
      const verdict = isNoise ? '~' : isWorse ? 'worse' : 'better'
      table.push([
        workload,
        contender,
        metric,
        figureText(metric, before),
        figureText(metric, after),
        // Over nothing, as where no datagram was lost before, there is no ratio.
        Number.isFinite(ratio) ? `${ratio.toFixed(2)}× ${verdict}` : verdict,
      ])
    }
    this.writeAnswer(`${table.toString()}\n`)
    return undefined
  }
}

/** Worse by more than the limit, in whichever direction is worse. */
function isBeyond({ isWorse, ratio }: BenchChange, limit: number): boolean {
  return isWorse && Math.max(ratio, 1 / ratio) > 1 + limit
}

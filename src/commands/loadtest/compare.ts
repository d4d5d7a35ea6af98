// `aquatic loadtest compare A.json B.json`: what changed between two results beyond the noise.

import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { ExitCode } from '../../errors.js'
import type { ComparedFigure } from '../../loadtest/report/compare.js'
import type { Comparison } from '../../loadtest/report/comparison.js'
import { usageError } from '../application.js'
import { AquaticCommand, writeRemark } from '../base.js'

interface CompareResult extends Comparison {
  /** What got worse by more than --max-regression; null without it. */
  readonly regressions: readonly ComparedFigure[] | null
}

export default class LoadtestCompare extends AquaticCommand {
  static override summary = 'Say what changed between two results beyond the noise.'

  static override description =
    'Results are the JSON documents of loadtest --json and --out FILE.json. Throughput, loss and latencies are ' +
    'compared with intervals of 99 %, estimated from how much each run varied by itself; what differs from run to ' +
    'run they do not know. Changes are an answer: the exit code is 0, unless --max-regression says otherwise.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> before.json after.json',
    {
      description: 'In a script: 3 if something got worse by more than 5 %, 4 if a result is void:',
      command: '<%= config.bin %> <%= command.id %> before.json after.json --max-regression 5%',
    },
  ]

  static override args = {
    left: Args.string({ required: true, description: 'A result, the one to compare with.' }),
    right: Args.string({ required: true, description: 'The other result.' }),
  }

  static override flags = {
    'max-regression': Flags.string({
      helpValue: 'PERCENT',
      description:
        'End with 3 where a figure got worse by more than this, such as 5%, beyond the noise ' +
        '(losses: by more than this part of all requests).',
    }),
  }

  async run(): Promise<CompareResult> {
    const { args, flags } = await this.parse(LoadtestCompare)
    const limit = shareOf(flags['max-regression'])
    const [{ readDocumentFile }, { compareDocuments }, { regressionsOf }] = await Promise.all([
      import('../../loadtest/report/document.js'),
      import('../../loadtest/report/comparison.js'),
      import('../../loadtest/report/compare.js'),
    ])
    const [left, right] = [await readDocumentFile(args.left), await readDocumentFile(args.right)]
    const comparison = compareDocuments(
      { file: args.left, document: left },
      { file: args.right, document: right },
    )
    const regressions = limit === null ? null : regressionsOf(comparison.figures, limit)
    if (!this.jsonEnabled()) await this.print(comparison, regressions, flags['max-regression'])
    if (regressions !== null && comparison.isVoid) process.exitCode = ExitCode.invalid
    else if (regressions !== null && regressions.length > 0) process.exitCode = ExitCode.objectiveMissed
    return { ...comparison, regressions }
  }

  private async print(
    comparison: Comparison,
    regressions: readonly ComparedFigure[] | null,
    limit: string | undefined,
  ): Promise<void> {
    const { comparisonText, figureText } = await import('../../loadtest/report/comparison-table.js')
    this.writeAnswer(await comparisonText(comparison))
    if (regressions === null || regressions.length === 0) return
    const names = regressions.map(figure => `${figure.kind ?? 'all'} ${figureText(figure)}`)
    writeRemark(`error: Worse by more than ${limit}: ${names.join(', ')}.\n`)
  }
}

/** `5%` as 0.05; null where nothing was said. */
function shareOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1]
  if (percent === undefined) usageError(`--max-regression ${text} is no percentage. Write one such as 5%.`)
  return Number(percent) / 100
}

// `aquatic config diff udp`: what differs from the defaults, or between two files.

import * as Args from '@oclif/core/args'
import { type ApplicationName, tableOf } from '../../config/applications.js'
import {
  type Difference,
  diffConfigs,
  differenceLine,
  type LegacySetting,
  legacySettings,
} from '../../config/diff.js'
import { type ConfigSources, defaultConfig, loadConfig } from '../../config/load.js'
import { formatOrigin } from '../../config/schema.js'
import { applicationArgs, usageError } from '../application.js'
import { AquaticCommand, configFlags, configSources } from '../base.js'

interface DiffResult {
  readonly application: ApplicationName
  /** `defaults` or a file. */
  readonly left: string
  /** A file, or `environment and flags`. */
  readonly right: string
  readonly differences: readonly Difference[]
  /** Keys of older files that are still set on either side. */
  readonly legacy: readonly LegacySetting[]
  readonly notices: readonly string[]
}

export default class ConfigDiff extends AquaticCommand {
  static override summary = 'Show only what differs: from the defaults, or between two files.'

  static override description =
    'Against the defaults, file, environment and --set are merged, as the tracker does it. Between two ' +
    'files, environment and --set do not count. Differences are an answer: the exit code is 0.'

  static override examples = [
    {
      description: 'What is not at its default, and who said so:',
      command: '<%= config.bin %> config diff udp -c tracker.toml',
    },
    {
      description: 'What a new file would change:',
      command: '<%= config.bin %> config diff udp tracker.toml tracker-new.toml',
    },
  ]

  static override args = {
    ...applicationArgs,
    left: Args.string({ description: 'A configuration file.' }),
    right: Args.string({ description: 'The file to compare it with.' }),
  }

  static override flags = { ...configFlags }

  async run(): Promise<DiffResult> {
    const { args, flags } = await this.parse(ConfigDiff)
    const table = await tableOf(args.application)
    const between = args.left !== undefined
    if (between && args.right === undefined) {
      usageError('Name two files to compare, or one with -c to compare it with the defaults.')
    }
    if (between && (flags.config ?? flags.set ?? flags['log-level']) !== undefined) {
      usageError('Two files are compared as they are: leave out -c, --set and --log-level.')
    }
    const defaults = { config: defaultConfig(table), origins: new Map(), layers: [], notices: [], doubts: [] }
    const rightSources: ConfigSources = between ? { file: args.right } : configSources(flags)
    const left = between ? await loadConfig(table, { file: args.left }) : defaults
    const right = await loadConfig(table, rightSources)
    const result: DiffResult = {
      application: args.application,
      left: args.left ?? 'defaults',
      right: rightSources.file ?? 'environment and flags',
      differences: diffConfigs(table, left, right),
      legacy: legacySettings(table, [...left.layers, ...right.layers]),
      notices: [...new Set([...left.notices, ...right.notices])],
    }
    if (!this.jsonEnabled()) this.print(result, flags.quiet)
    return result
  }

  private print({ left, right, differences, legacy, notices }: DiffResult, quiet: boolean): void {
    for (const difference of differences) this.log('%s', differenceLine(difference))
    const none = differences.length === 0 ? [`no differences between ${left} and ${right}`] : []
    const older = legacy.map(({ origin, text }) => `${formatOrigin(origin)}: ${text}`)
    this.notice([...none, ...older, ...notices], quiet)
  }
}

// `aquatic config print udp`: the defaults, or what a configuration comes to, as a commented file.

import * as Flags from '@oclif/core/flags'
import { type ApplicationName, tableOf } from '../../config/applications.js'
import { defaultConfig, type LoadedConfig } from '../../config/load.js'
import { plainConfig, printConfig } from '../../config/print.js'
import { type ConfigOf, entriesOf, type Origin, type Table } from '../../config/schema.js'
import { unknownSectionText } from '../../config/settings.js'
import { inOneLine } from '../../errors.js'
import { applicationArgs, usageError } from '../application.js'
import { AquaticCommand, configFlags } from '../base.js'

interface PrintResult {
  readonly application: ApplicationName
  readonly config: Record<string, unknown>
  /** By dotted key; with `--origin`. */
  readonly origins?: Readonly<Record<string, Origin>>
}

export default class ConfigPrint extends AquaticCommand {
  static override summary =
    'Print a configuration as a commented TOML file: the defaults, or what is in effect.'

  static override description =
    'Without --effective it prints the defaults, whatever file and environment say. With it, file, ' +
    'environment and --set are merged, and --origin says behind each value where it came from.'

  static override examples = [
    {
      description: 'Start a configuration file of your own:',
      command: '<%= config.bin %> config print udp > tracker.toml',
    },
    {
      description: 'One section, without comments:',
      command: '<%= config.bin %> config print udp --minimal --section network',
    },
    {
      description: 'See what a tracker would run with, and why:',
      command: '<%= config.bin %> config print udp --effective --origin --minimal -c tracker.toml',
    },
    {
      description: 'Read one value in a script:',
      command: '<%= config.bin %> config print udp --json | jq -r .config.network.address_ipv4',
    },
  ]

  static override args = applicationArgs

  static override flags = {
    minimal: Flags.boolean({ description: 'Without comments.' }),
    section: Flags.string({ helpValue: 'NAME', description: 'Only this section, such as network.' }),
    effective: Flags.boolean({
      description: 'What file, environment and --set come to together, instead of the defaults.',
    }),
    origin: Flags.boolean({
      description: 'Say behind each value where it came from.',
      dependsOn: ['effective'],
    }),
    config: Flags.string({
      char: 'c',
      helpValue: 'FILE',
      description: 'Configuration file (TOML).',
      dependsOn: ['effective'],
    }),
    set: configFlags.set,
  }

  async run(): Promise<PrintResult> {
    const { args, flags } = await this.parse(ConfigPrint)
    const table = await tableOf(args.application)
    const { section } = flags
    if (section !== undefined && !Object.hasOwn(table.sections, section)) {
      usageError(unknownSectionText(table, section))
    }
    if (flags.set !== undefined && !flags.effective) {
      usageError('--set needs --effective: without it, the defaults are printed.')
    }
    const { config, origins, notices, doubts } = flags.effective
      ? await this.loadConfig(table, flags)
      : unchanged(defaultConfig(table))
    const shown = flags.origin ? origins : undefined
    this.log('%s', printConfig(table, config, { comments: !flags.minimal, section, origins: shown }))
    if (!this.jsonEnabled())
      this.notice([...notices, ...doubts.map(({ text, remedy }) => inOneLine(text, remedy))], flags.quiet)
    return {
      application: args.application,
      config: plainConfig(table, config, section),
      ...(shown === undefined ? {} : { origins: originsIn(table, section, shown) }),
    }
  }
}

type Printed = Pick<LoadedConfig<ConfigOf<Table>>, 'config' | 'origins' | 'notices' | 'doubts'>

function unchanged(config: ConfigOf<Table>): Printed {
  return { config, origins: new Map(), notices: [], doubts: [] }
}

function originsIn(
  table: Table,
  section: string | undefined,
  origins: ReadonlyMap<string, Origin>,
): Record<string, Origin> {
  const entries = entriesOf(table)
  const mine = [...origins].filter(([key]) => section === undefined || entries.get(key)?.section === section)
  return Object.fromEntries(mine)
}

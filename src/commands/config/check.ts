// `aquatic config check udp -c FILE`: reads a configuration the way `serve` does, and starts nothing.

import * as Args from '@oclif/core/args'
import { type ApplicationName, applicationNames, tableOf } from '../../config/applications.js'
import { AquaticCommand, configFlags } from '../base.js'

interface CheckResult {
  readonly application: string
  readonly ok: true
  readonly file?: string
  readonly notices: readonly string[]
}

export default class ConfigCheck extends AquaticCommand {
  static override summary = 'Check a configuration: file, environment and --set together.'

  static override description =
    `Nothing is started. All problems are listed, each with its place and a suggestion;
the exit code is then 2. Keys that load but have no effect are named on stderr.`

  static override examples = [
    {
      description: 'Check a file before the tracker is restarted with it:',
      command: '<%= config.bin %> config check udp -c tracker.toml',
    },
    {
      description: 'See whether one changed key fits:',
      command: '<%= config.bin %> config check udp -c tracker.toml --set network.batch_size=256',
    },
  ]

  static override args = {
    application: Args.custom<ApplicationName>({ options: [...applicationNames] })({
      required: true,
      description: 'Whose configuration.',
    }),
  }

  static override flags = { ...configFlags }

  async run(): Promise<CheckResult> {
    const { args, flags } = await this.parse(ConfigCheck)
    const { notices } = await this.loadConfig(await tableOf(args.application), flags)
    this.log('%s: ok', flags.config ?? 'environment and flags')
    if (!this.jsonEnabled()) this.notice(notices, flags.quiet)
    const file = flags.config === undefined ? {} : { file: flags.config }
    return { application: args.application, ok: true, ...file, notices }
  }
}

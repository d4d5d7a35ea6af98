// `aquatic config print udp`: the defaults as a commented file.

import * as Args from '@oclif/core/args'
import { type ApplicationName, applicationNames, tableOf } from '../../config/applications.js'
import { defaultConfig } from '../../config/load.js'
import { plainConfig, printConfig } from '../../config/print.js'
import { AquaticCommand } from '../base.js'

export default class ConfigPrint extends AquaticCommand {
  static override summary = 'Print the default configuration as a commented TOML file.'

  static override examples = [
    {
      description: 'Start a configuration file of your own:',
      command: '<%= config.bin %> config print udp > tracker.toml',
    },
    {
      description: 'Read one value in a script:',
      command: '<%= config.bin %> config print udp --json | jq -r .config.network.address_ipv4',
    },
  ]

  static override args = {
    application: Args.custom<ApplicationName>({ options: [...applicationNames] })({
      required: true,
      description: 'Whose configuration.',
    }),
  }

  async run(): Promise<{ application: string; config: Record<string, unknown> }> {
    const { args } = await this.parse(ConfigPrint)
    const table = await tableOf(args.application)
    const config = defaultConfig(table)
    this.log('%s', printConfig(table, config))
    return { application: args.application, config: plainConfig(table, config) }
  }
}

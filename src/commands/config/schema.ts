// `aquatic config schema udp`: the file's JSON Schema, for editors.

import { tableOf } from '../../config/applications.js'
import { type JsonSchema, jsonSchemaOf } from '../../config/json-schema.js'
import { applicationArgs } from '../application.js'
import { AquaticCommand } from '../base.js'

export default class ConfigSchema extends AquaticCommand {
  static override summary = 'Print the JSON Schema of a configuration file.'

  static override description =
    'JSON Schema (draft 2020-12), for editors that complete and check TOML files by it. With --json the ' +
    'same is written in one line.'

  static override examples = [
    {
      description:
        'Let an editor with Taplo know the keys; then begin tracker.toml with "#:schema ./udp.schema.json":',
      command: '<%= config.bin %> config schema udp > udp.schema.json',
    },
  ]

  static override args = applicationArgs

  async run(): Promise<JsonSchema> {
    const { args } = await this.parse(ConfigSchema)
    const schema = jsonSchemaOf(await tableOf(args.application))
    this.log('%s', JSON.stringify(schema, null, 2))
    return schema
  }
}

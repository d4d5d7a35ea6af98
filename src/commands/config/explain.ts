// `aquatic config explain udp network.engine`: everything there is to say about one key.

import * as Args from '@oclif/core/args'
import { type ApplicationName, applicationNames, tableOf } from '../../config/applications.js'
import {
  type Explanation,
  explainKey,
  explanationText,
  type KeySummary,
  keyList,
  summariseKeys,
} from '../../config/explain.js'
import { readSources } from '../../config/load.js'
import { entriesOf, isSectionName } from '../../config/schema.js'
import { unknownKeyText } from '../../config/settings.js'
import { applicationArgs, usageError } from '../application.js'
import { AquaticCommand, configFlags, configSources } from '../base.js'

type ExplainResult =
  | ({ readonly application: ApplicationName } & Explanation)
  | { readonly application: ApplicationName; readonly keys: readonly KeySummary[] }

export default class ConfigExplain extends AquaticCommand {
  static override summary = 'Explain one key, or list all keys.'

  static override description =
    'What the key does, what it may be, its environment name, and what each source says about it. A ' +
    "value that is refused is shown with the reason. Without a key, or with a section's name, keys are " +
    'listed.'

  static override examples = [
    {
      description: 'All keys, one in a line:',
      command: '<%= config.bin %> config explain udp',
    },
    {
      description: 'One key:',
      command: '<%= config.bin %> config explain udp network.socket_recv_buffer_size',
    },
    {
      description: 'Who sets it, where several do:',
      command:
        '<%= config.bin %> config explain udp network.engine -c tracker.toml --set network.engine=node',
    },
  ]

  static override args = {
    ...applicationArgs,
    key: Args.string({ description: 'Key such as network.engine, or section such as network.' }),
  }

  static override flags = { ...configFlags }

  async run(): Promise<ExplainResult> {
    await refuseKeyAlone(this.argv.find(word => !word.startsWith('-')))
    const { args, flags } = await this.parse(ConfigExplain)
    const { application, key } = args
    const table = await tableOf(application)
    if (key === undefined || isSectionName(table, key)) {
      const keys = summariseKeys(table, key)
      this.log('%s', keyList(keys))
      return { application, keys }
    }
    const entry = entriesOf(table).get(key)
    if (entry === undefined) usageError(unknownKeyText(table, key))
    const explanation = explainKey(table, entry, await readSources(table, configSources(flags)))
    this.log('%s', explanationText(explanation))
    return { application, ...explanation }
  }
}

/** `explain network.engine`: the parser would only say which names network.engine is none of. */
async function refuseKeyAlone(word: string | undefined): Promise<void> {
  if (word === undefined || applicationNames.some(name => name === word)) return
  const tables = await Promise.all(applicationNames.map(tableOf))
  const place = tables.findIndex(table => entriesOf(table).has(word) || isSectionName(table, word))
  if (place === -1) return
  usageError(`Name the application first: aquatic config explain ${applicationNames[place]} ${word}.`)
}

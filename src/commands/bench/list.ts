import * as Flags from '@oclif/core/flags'
import type { ListedContender } from '../../bench/report/contender-list.js'
import { AquaticCommand } from '../base.js'
import { tableSize } from '../bench-command.js'
import { keyed, placesOf } from '../bench-request.js'

export default class BenchList extends AquaticCommand {
  static override summary = 'Say who can be compared, who is here, and how to get the others.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --path chihaya=/opt/chihaya/chihaya',
  ]

  static override flags = {
    path: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=FILE',
      description: 'Where a contender is, if not in PATH; may be repeated.',
    }),
  }

  async run(): Promise<{ contenders: ListedContender[] } | undefined> {
    const { flags } = await this.parse(BenchList)
    const { contenders } = await import('../../bench/registry.js')
    const { isMissing } = await import('../../bench/contender.js')
    const places = placesOf(keyed('path', flags.path), contenders)
    const listed = await Promise.all(
      contenders.map(async ({ key, name, find }): Promise<ListedContender> => {
        const finding = await find(places)
        return isMissing(finding)
          ? { key, name, found: false, version: null, path: null, ...finding }
          : {
              key,
              name,
              found: true,
              version: finding.version,
              path: finding.path,
              reason: null,
              remedy: null,
            }
      }),
    )
    if (this.jsonEnabled()) return { contenders: listed }
    const { contenderList } = await import('../../bench/report/contender-list.js')
    this.writeAnswer(contenderList(listed, tableSize().columns))
    return undefined
  }
}

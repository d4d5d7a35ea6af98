import * as Flags from '@oclif/core/flags'
import { AquaticCommand } from '../base.js'
import { keyed, placesOf } from '../bench-request.js'

interface ListedContender {
  readonly key: string
  readonly name: string
  readonly found: boolean
  readonly version: string | null
  readonly path: string | null
  readonly reason: string | null
  readonly remedy: string | null
}

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
    const { default: Table } = await import('cli-table3')
    const table = new Table({
      head: ['contender', 'key', 'version', 'how to get it'],
      style: { head: [], border: [] },
    })
    for (const { key, name, found, version, reason, remedy } of listed) {
      table.push([name, key, found ? (version ?? '') : `not here: ${reason}`, found ? '' : (remedy ?? '')])
    }
    this.writeAnswer(`${table.toString()}\n`)
    return undefined
  }
}

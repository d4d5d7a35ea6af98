import * as Flags from '@oclif/core/flags'
import { AquaticCommand } from '../base.js'

/** As many as an access list of ours holds, and more than any load test here asks for. */
const TORRENTS_MAX = 100_000_000

export default class LoadtestHashes extends AquaticCommand {
  static override summary = 'Print the info hashes a load test asks for.'

  static override description =
    `One per line, in hexadecimal: an access list for trackers that serve only listed torrents.
The same seed and number of torrents as in the load test give its hashes.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> --torrents 100000 --seed 7 > allowed.txt',
    '<%= config.bin %> <%= command.id %> --torrents 3 --json',
  ]

  static override flags = {
    torrents: Flags.integer({
      min: 1,
      max: TORRENTS_MAX,
      required: true,
      helpValue: 'NUMBER',
      description: 'How many.',
    }),
    seed: Flags.integer({ default: 1, helpValue: 'NUMBER', description: 'Seed of the load test.' }),
  }

  async run(): Promise<{ infoHashes: string[] } | undefined> {
    const { flags } = await this.parse(LoadtestHashes)
    const { infoHashesOf } = await import('../../loadtest/info-hashes.js')
    if (this.jsonEnabled()) return { infoHashes: [...infoHashesOf(flags.torrents, flags.seed)] }
    let lines = ''
    for (const infoHash of infoHashesOf(flags.torrents, flags.seed)) {
      lines += `${infoHash}\n`
      if (lines.length < 1 << 20) continue
      this.writeAnswer(lines)
      lines = ''
    }
    this.writeAnswer(lines)
    return undefined
  }
}

// Every flag of the load tests is a key of their files, and the other way round where a key says so.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import LoadtestHttp from '../../src/commands/loadtest/http.js'
import LoadtestUdp from '../../src/commands/loadtest/udp.js'
import LoadtestWs from '../../src/commands/loadtest/ws.js'
import { flagSettings } from '../../src/commands/loadtest-flags.js'
import { loadtestHttpTable } from '../../src/config/loadtest-http.js'
import { loadtestUdpTable } from '../../src/config/loadtest-udp.js'
import { loadtestWsTable } from '../../src/config/loadtest-ws.js'
import { entriesOf, type Table } from '../../src/config/schema.js'

const commands = [
  [loadtestUdpTable, LoadtestUdp],
  [loadtestHttpTable, LoadtestHttp],
  [loadtestWsTable, LoadtestWs],
] as const

/** What says where the configuration is, and is none of it. */
const sources = ['config', 'set']
/** Flags of all commands, by their keys. */
const shared: Readonly<Record<string, string>> = {
  json: 'output.json',
  quiet: 'output.quiet',
  'log-level': 'log_level',
}

for (const [table, command] of commands) {
  describe(table.application, () => {
    it('has a key for each of its flags', () => {
      const keys = entriesOf(table as Table)
      for (const name of Object.keys({ ...command.flags, ...command.baseFlags })) {
        if (sources.includes(name)) continue
        const value =
          name === 'mix'
            ? weightsOf(table)
                .map(() => '1')
                .join(':')
            : 'x'
        const settings = flagSettings(table, { [name]: value }, undefined)
        const dotted = settings.flatMap(setting => ('dotted' in setting ? setting.dotted : []))
        const all = [...dotted, ...(Object.hasOwn(shared, name) ? [shared[name]] : [])]
        assert.ok(all.length > 0, `--${name} is no key`)
        for (const key of all) assert.ok(keys.has(key), `${key} of --${name}`)
      }
      assert.ok(Object.values(shared).every(key => keys.has(key)))
    })

    it('has a flag for each key that says so', () => {
      for (const { leaf } of entriesOf(table as Table).values()) {
        if (leaf.flag !== undefined) assert.ok(Object.hasOwn(command.flags, leaf.flag), leaf.flag)
      }
    })

    it('sets all weights by --mix, or says how many there are', () => {
      const weights = weightsOf(table)
      const mix = weights.map((_, index) => index + 1).join(':')
      assert.deepEqual(
        flagSettings(table, { mix }, undefined),
        weights.map((dotted, index) => ({ flag: '--mix', dotted, value: String(index + 1) })),
      )
      const [wrong] = flagSettings(table, { mix: '1' }, undefined)
      assert.match(
        'problem' in wrong ? wrong.problem : '',
        /^"1" is not .*announce:scrape\. Write \d numbers/,
      )
    })
  })
}

function weightsOf(table: Table): string[] {
  return [...entriesOf(table).keys()].filter(key => key.includes('.weight_'))
}

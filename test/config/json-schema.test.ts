import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { applicationNames, tableOf } from '../../src/config/applications.js'
import { jsonSchemaOf } from '../../src/config/json-schema.js'
import { defaultConfig } from '../../src/config/load.js'
import { plainConfig, tomlText } from '../../src/config/print.js'
import { type Entry, entriesOf, integer, type Table } from '../../src/config/schema.js'
import { schemaProblems } from '../support/json-schema.js'
import { dataFile } from './scratch.js'
import { invalidToml, validValue } from './values.js'

for (const application of applicationNames) {
  test(`${application}: the defaults are valid`, async () => {
    const table = await tableOf(application)
    assert.deepEqual(schemaProblems(jsonSchemaOf(table), plainConfig(table, defaultConfig(table))), [])
  })

  test(`${application}: what the loader accepts of a key is valid, what it refuses is not`, async () => {
    const table = await tableOf(application)
    const schema = jsonSchemaOf(table)
    const problemsOf = (entry: Entry, toml: string): readonly string[] =>
      schemaProblems(schema, parse(`${entry.dotted} = ${toml}`, { integersAsBigInt: 'asNeeded' }))
    const entries = fc.constantFrom(...entriesOf(table).values())
    const valid = entries.chain(entry => fc.tuple(fc.constant(entry), validValue(entry.leaf)))
    const wrong = entries.chain(entry => fc.tuple(fc.constant(entry), invalidToml(entry.leaf)))
    fc.assert(
      fc.property(valid, ([entry, value]) => {
        assert.deepEqual(problemsOf(entry, tomlText(value)), [])
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(wrong.filter(isSeenBySchema), ([entry, toml]) => {
        assert.notEqual(problemsOf(entry, toml).length, 0)
      }),
      { numRuns: 500 },
    )
  })

  test(`${application}: every key has its text and default, older ones are deprecated`, async () => {
    const table = await tableOf(application)
    const { properties } = jsonSchemaOf(table) as { properties: Record<string, Record<string, unknown>> }
    for (const { section, key, leaf, legacy } of entriesOf(table).values()) {
      const place = section === undefined ? properties : properties[section]!['properties']
      const schema = (place as Record<string, Record<string, unknown>>)[key]!
      assert.equal(schema['default'], leaf.default)
      assert.equal(schema['deprecated'], legacy ? true : undefined)
      assert.ok(String(schema['description']).length > 20)
    }
  })
}

/**
 * JSON has one kind of number, so 0.0 is 0 to a schema; which texts of letters and colons are IPv6 addresses,
 * and which of them stand for IPv4 ones, a pattern leaves to the loader.
 */
function isSeenBySchema([entry, toml]: readonly [Entry, string]): boolean {
  if (toml === '0.0') return entry.leaf.type !== 'integer'
  return !(entry.leaf.type === 'socketAddress' && toml.startsWith('"[::ffff:1.2.3.4]'))
}

for (const name of ['http-released-0.9.0.toml', 'http-development.toml']) {
  test(`${name} is valid`, async () => {
    const schema = jsonSchemaOf(await tableOf('http'))
    const document = parse(readFileSync(dataFile(name), 'utf8'))
    assert.deepEqual(schemaProblems(schema, document), [])
    const { metrics } = schema['properties'] as Record<string, Record<string, unknown>>
    assert.equal(metrics!['deprecated'], true)
    const mutation = { ...document, metrics: { port: 3 }, swarm_workers: -1 }
    assert.deepEqual(schemaProblems(schema, mutation).sort(), [
      '$.metrics.port: unknown',
      '$.swarm_workers: minimum 0',
    ])
  })
}

for (const name of ['released-0.9.0.toml', 'development.toml']) {
  const document = parse(readFileSync(dataFile(name), 'utf8'))

  test(`${name} is valid, and changes to it are not`, async () => {
    const schema = jsonSchemaOf(await tableOf('udp'))
    assert.deepEqual(schemaProblems(schema, document), [])
    const network = document['network'] as object
    const cleaning = document['cleaning'] as object
    const mutations: readonly [object, string][] = [
      [{ ...document, colour: 3 }, '$.colour: unknown'],
      [{ ...document, network: { ...network, port: 3 } }, '$.network.port: unknown'],
      [{ ...document, network: 'eth0' }, '$.network: type "object"'],
      [{ ...document, log_level: 'loud' }, '$.log_level: enum ["off","error","warn","info","debug","trace"]'],
      [{ ...document, socket_workers: 1025 }, '$.socket_workers: maximum 1024'],
      [{ ...document, socket_workers: '1' }, '$.socket_workers: type "integer"'],
      [{ ...document, cleaning: { ...cleaning, max_peer_age: 0 } }, '$.cleaning.max_peer_age: minimum 1'],
    ]
    for (const [mutation, problem] of mutations) {
      assert.deepEqual(schemaProblems(schema, mutation), [problem])
    }
  })
}

test('0 beside a range that begins higher is an alternative', () => {
  const leaf = integer({ default: 0, min: 10, max: 20, zeroMeans: 'none', doc: '' })
  const table: Table = { application: 'x', title: '', doc: '', leaves: { leaf }, sections: {} }
  const isValid = (value: number): boolean =>
    schemaProblems(jsonSchemaOf(table), { leaf: value }).length === 0
  assert.deepEqual([-1, 0, 1, 9, 10, 20, 21].filter(isValid), [0, 10, 20])
})

test('a port ends at 65535', async () => {
  const schema = jsonSchemaOf(await tableOf('udp'))
  const isValid = (address: string): boolean =>
    schemaProblems(schema, { network: { address_ipv4: address } }).length === 0
  const addresses = ['1.2.3.4:0', '1.2.3.4:9999', '1.2.3.4:65535', '1.2.3.4:65536', '1.2.3.4:', '1.2.3.256:1']
  assert.deepEqual(addresses.filter(isValid), addresses.slice(0, 3))
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { applicationNames, tableOf } from '../../src/config/applications.js'
import { referencePage } from '../../src/config/reference.js'
import { entriesOf, environmentName } from '../../src/config/schema.js'

test('docs/configuration.md is what the tables say', async () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  assert.ok(
    page === (await referencePage()),
    'docs/configuration.md is stale: npm run build && node scripts/docs.mjs',
  )
})

test('the page names every key with its environment name', async () => {
  const page = await referencePage()
  for (const application of applicationNames) {
    const table = await tableOf(application)
    for (const { dotted } of entriesOf(table).values()) {
      assert.equal(page.split(`#### \`${dotted}\`\n`).length, 2, dotted)
      assert.ok(page.includes(`\`${environmentName(table, dotted)}\``), dotted)
    }
  }
})

test('environment names are unique', async () => {
  const tables = await Promise.all(applicationNames.map(tableOf))
  const names = tables.flatMap(table =>
    [...entriesOf(table).keys()].map(dotted => environmentName(table, dotted)),
  )
  assert.equal(new Set(names).size, names.length)
})

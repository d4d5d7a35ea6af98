import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { applicationNames, tableOf } from '../../src/config/applications.js'
import { referencePages } from '../../src/config/reference.js'
import { entriesOf, environmentName } from '../../src/config/schema.js'

const pages = await referencePages()

for (const { file, text } of pages) {
  test(`docs/${file} is what the tables say`, () => {
    const page = readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8')
    assert.ok(page === text, `docs/${file} is stale: npm run docs`)
  })
}

test('the pages name every key with its environment name', async () => {
  assert.equal(pages.length, applicationNames.length)
  for (const [index, application] of applicationNames.entries()) {
    const { text } = pages[index]!
    const table = await tableOf(application)
    for (const { dotted } of entriesOf(table).values()) {
      assert.equal(text.split(`#### \`${dotted}\`\n`).length, 2, dotted)
      assert.ok(text.includes(`\`${environmentName(table, dotted)}\``), dotted)
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

// docs/security.md names a test for each of its lines: these tests exist, and are called so.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { packageRoot } from '../support/tracker-process.js'

const REFERENCE = /`(test\/[\w/-]+\.test\.ts)`(?: “([^”]+)”)?/g

it('every test that docs/security.md names is there', () => {
  const page = readFileSync(join(packageRoot, 'docs/security.md'), 'utf8')
  const references = [...page.matchAll(REFERENCE)]
  assert.ok(references.length > 25, `${references.length} references`)
  const missing = references.filter(([, file, name]) => {
    if (!existsSync(join(packageRoot, file!))) return true
    return name !== undefined && !readFileSync(join(packageRoot, file!), 'utf8').includes(name)
  })
  assert.deepEqual(
    missing.map(([reference]) => reference),
    [],
  )
})

it('every row of its tables of threats names one', () => {
  const page = readFileSync(join(packageRoot, 'docs/security.md'), 'utf8')
  const rows = page.split('\n').filter(line => /^\| .* \| .* \| .* \|$/.test(line))
  const threats = rows.filter(row => row.split('|').length === 5 && !/^\| (---|threat)/.test(row))
  assert.ok(threats.length > 20)
  assert.deepEqual(
    threats.filter(row => !row.includes('`test/')),
    [],
  )
})

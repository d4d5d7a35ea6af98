// A target with a space behind it was taken from the command line and from files, and refused by the JSON schema.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTarget, targetForm } from '../../src/config/target-text.js'

test('spaces around a target are as good in the schema as they are elsewhere', () => {
  for (const text of ['http://localhost ', ' http://localhost:80/announce \n', '127.0.0.1:3000 ']) {
    assert.ok('target' in parseTarget(text, 'http'))
    assert.match(text, new RegExp(targetForm('http').pattern, 'u'))
  }
})

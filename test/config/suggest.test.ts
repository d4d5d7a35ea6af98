import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/config/suggest.js'

const known = ['network.address_ipv4', 'network.address_ipv6', 'network.engine', 'log_level']

test('finds the word that a slip came from', () => {
  assert.equal(nearest('network.adress_ipv4', known), 'network.address_ipv4')
  assert.equal(nearest('netwrok.engine', known), 'network.engine')
  assert.equal(nearest('log-level', known), 'log_level')
  assert.equal(nearest('LOG_LEVEL', known), 'log_level')
})

test('counts swapped neighbours as one change', () => {
  assert.equal(nearest('ab', ['ba']), 'ba')
  assert.equal(nearest('abc', ['bxd']), undefined)
})

test('stays silent where nothing is near, and on endless input', () => {
  assert.equal(nearest('colour', known), undefined)
  assert.equal(nearest('', known), undefined)
  assert.equal(nearest('x'.repeat(100_000), ['x'.repeat(100_000)]), undefined)
})

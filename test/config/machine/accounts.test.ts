import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAccount, numberOf } from '../../../src/config/machine/accounts.js'

test('users and groups by name and by number', async () => {
  assert.equal(await findAccount('passwd', 'root'), 0)
  assert.equal(await findAccount('group', 'root'), 0)
  assert.equal(await findAccount('passwd', '4711'), 4711)
  assert.equal(await findAccount('passwd', 'no-such-user'), undefined)
  assert.equal(await findAccount('group', '--help'), undefined)
})

test('lines of /etc/passwd and /etc/group', () => {
  const file = 'root:x:0:0:root:/root:/bin/sh\n+nis\n12:x:34:34::/:\nbroken:x:\nname\n'
  assert.equal(numberOf(file, 'root'), 0)
  assert.equal(numberOf(file, '12'), 34, 'a name made of digits is a name')
  assert.equal(numberOf(file, 'broken'), undefined)
  assert.equal(numberOf(file, 'name'), undefined)
  assert.equal(numberOf(file, 'roo'), undefined)
})

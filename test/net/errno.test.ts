import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { describe, it } from 'node:test'
import { Errno, errnoName, SendAction, sendActionFor } from '../../src/net/errno.js'

describe('errno table', () => {
  it('has the numbers of this system', () => {
    for (const [name, number] of Object.entries(Errno)) {
      // Node's own table lacks a few names.
      const expected = constants.errno[name as keyof typeof constants.errno] ?? number
      assert.equal(number, expected, name)
    }
  })

  it('retries what passes, skips what concerns one address, ends for a lost socket', () => {
    const namesFor = (action: number): string[] =>
      Object.keys(Errno).filter(name => sendActionFor(Errno[name as keyof typeof Errno]) === action)
    assert.deepEqual(namesFor(SendAction.retry), ['EINTR', 'EAGAIN', 'ENOMEM', 'ENOBUFS'])
    assert.deepEqual(namesFor(SendAction.fatal), ['EBADF', 'EFAULT', 'ENOTSOCK'])
    assert.equal(sendActionFor(Errno.EHOSTUNREACH), SendAction.skip)
    assert.equal(sendActionFor(Errno.EINVAL), SendAction.skip)
    assert.equal(sendActionFor(9999), SendAction.skip)
  })

  it('names numbers', () => {
    assert.equal(errnoName(98), 'EADDRINUSE')
    assert.equal(errnoName(9999), 'errno 9999')
  })
})

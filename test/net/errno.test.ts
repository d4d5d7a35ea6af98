import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { describe, it } from 'node:test'
import {
  AcceptAction,
  acceptActionFor,
  Errno,
  errnoName,
  SendAction,
  StreamAction,
  sendActionFor,
  streamActionFor,
} from '../../src/net/errno.js'

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

  it('accepts on after errors of one connection, pauses for want of anything, ends for a lost listener', () => {
    const namesFor = (action: number): string[] =>
      Object.keys(Errno).filter(name => acceptActionFor(Errno[name as keyof typeof Errno]) === action)
    assert.deepEqual(namesFor(AcceptAction.enough), ['EAGAIN'])
    assert.deepEqual(namesFor(AcceptAction.pause), ['ENOMEM', 'ENFILE', 'EMFILE', 'ENOBUFS'])
    assert.deepEqual(namesFor(AcceptAction.fatal), ['EBADF', 'EFAULT', 'EINVAL', 'ENOTSOCK'])
    assert.equal(acceptActionFor(Errno.ECONNABORTED), AcceptAction.next)
    assert.equal(acceptActionFor(Errno.EINTR), AcceptAction.next)
    assert.equal(acceptActionFor(9999), AcceptAction.next)
  })

  it('closes a connection for most errors, waits for what passes', () => {
    const namesFor = (action: number): string[] =>
      Object.keys(Errno).filter(name => streamActionFor(Errno[name as keyof typeof Errno]) === action)
    assert.deepEqual(namesFor(StreamAction.wait), ['EINTR', 'EAGAIN', 'ENOMEM', 'ENOBUFS'])
    assert.deepEqual(namesFor(StreamAction.fatal), ['EBADF', 'EFAULT', 'ENOTSOCK'])
    for (const errno of [Errno.ECONNRESET, Errno.EPIPE, Errno.ETIMEDOUT, 9999]) {
      assert.equal(streamActionFor(errno), StreamAction.close)
    }
  })

  it('names numbers', () => {
    assert.equal(errnoName(98), 'EADDRINUSE')
    assert.equal(errnoName(9999), 'errno 9999')
  })
})

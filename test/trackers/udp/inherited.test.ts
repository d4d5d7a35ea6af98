import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inheritedNotices, shareOut, workersWithOwnSockets } from '../../../src/trackers/udp/inherited.js'

const socket = (fd: number, address = '127.0.0.1', port = 3000) =>
  ({ fd, family: address.includes(':') ? 6 : 4, address: { address, port } }) as const

const fds = (shares: readonly (readonly { fd: number }[])[]): number[][] =>
  shares.map(share => share.map(({ fd }) => fd))

describe('sockets passed in', () => {
  it('one for each family: every worker serves both', () => {
    assert.deepEqual(fds(shareOut([socket(3), socket(4, '::1')], 3)), [
      [3, 4],
      [3, 4],
      [3, 4],
    ])
  })

  it('several on one address are dealt out', () => {
    const three = [socket(3), socket(4), socket(5), socket(6, '::1')]
    assert.deepEqual(fds(shareOut(three, 3)), [
      [3, 6],
      [4, 6],
      [5, 6],
    ])
    assert.deepEqual(fds(shareOut(three, 2)), [
      [3, 5, 6],
      [4, 6],
    ])
    assert.deepEqual(fds(shareOut([socket(3), socket(4)], 3)), [[3], [4], [3]])
  })

  it('different addresses of one family are all served by every worker', () => {
    assert.deepEqual(fds(shareOut([socket(3), socket(4, '127.0.0.2')], 2)), [
      [3, 4],
      [3, 4],
    ])
  })

  it('the node engine has as many workers as have sockets of their own', () => {
    assert.equal(workersWithOwnSockets([socket(3), socket(4, '::1')], 4), 1)
    assert.equal(workersWithOwnSockets([socket(3), socket(4)], 4), 2)
    assert.equal(workersWithOwnSockets([socket(3), socket(4)], 1), 1)
  })

  it('says what is used, and what is missing', () => {
    assert.deepEqual(inheritedNotices([socket(3)], [4, 6]), [
      'sockets passed in (LISTEN_FDS) are used instead of network.address_*: 127.0.0.1:3000',
      'no IPv6 socket was passed in, so network.use_ipv6 has no effect',
    ])
    assert.deepEqual(inheritedNotices([], [4, 6]), [])
  })
})

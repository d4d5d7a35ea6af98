import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ownersOf, parseSocketTable, tableAddress } from '../../../src/config/machine/proc-net.js'
import { machineOf } from './machines.js'

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref'
const udp4 =
  ' 1027: 0100007F:0BB8 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 171551 2 f 0'
const udp6 =
  '  420: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A ' +
  '00000000:00000000 00:00000000 00000000     0        0 42 2 f 0'

test('lines of the kernel tables become addresses, ports, owners and inodes', () => {
  assert.deepEqual(parseSocketTable(`${head}\n${udp4}\n${udp6}\n`), [
    { address: '127.0.0.1', port: 3000, isWildcard: false, inode: '171551', uid: 1000, state: 7 },
    { address: tableAddress('::1'), port: 8080, isWildcard: false, inode: '42', uid: 0, state: 10 },
  ])
  const wildcard = parseSocketTable(udp4.replace('0100007F', '00000000'))
  assert.deepEqual([wildcard[0]!.address, wildcard[0]!.isWildcard], ['0.0.0.0', true])
})

test('what is no such line is skipped, whatever it is', () => {
  assert.deepEqual(parseSocketTable(`${head}\n\nrubbish\n 1: 0100007F 0 0\n 2: XYZ:0BB8 0 7 0 0 0 0 0 9`), [])
  fc.assert(fc.property(fc.string(), text => void parseSocketTable(text)))
})

test('an IPv6 address has one form, whatever its spelling', () => {
  assert.equal(tableAddress('::1'), '0000:0000:0000:0000:0000:0000:0000:0001')
  assert.equal(tableAddress('2001:DB8::a:0'), '2001:0db8:0000:0000:0000:0000:000a:0000')
  assert.equal(tableAddress('::ffff:1.2.3.4'), '0000:0000:0000:0000:0000:ffff:0102:0304')
  assert.equal(tableAddress('1.2.3.4'), '1.2.3.4')
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(groups, groups => {
      const padded = groups.map(group => group.toString(16).padStart(4, '0')).join(':')
      assert.equal(tableAddress(groups.map(group => group.toString(16)).join(':')), padded)
    }),
  )
})

test('owners are found by their descriptors, and named without their arguments', async () => {
  const machine = machineOf({
    files: {
      '/proc/7/cmdline': '/usr/sbin/opentracker\0-P\0password\0',
      '/proc/8/cmdline': 'node\0/opt/aquatic/bin/aquatic.js\0serve\0udp\0',
      '/proc/9/cmdline': '',
      '/proc/9/comm': 'kworker\n',
      '/proc/10/cmdline': 'node\0/opt/aquatic/bin/aquatic.js\0config\0check\0',
    },
    links: {
      '/proc/7/fd/3': 'socket:[5]',
      '/proc/8/fd/0': '/dev/null',
      '/proc/8/fd/9': 'socket:[6]',
      '/proc/9/fd/1': 'socket:[6]',
      '/proc/10/fd/1': 'socket:[55]',
      '/proc/self/fd/1': 'socket:[5]',
    },
  })
  assert.deepEqual(await ownersOf(new Set(['5', '6']), machine), [
    { pid: 7, program: 'opentracker', isAquatic: false },
    { pid: 8, program: 'aquatic serve', isAquatic: true },
    { pid: 9, program: 'kworker', isAquatic: false },
  ])
  assert.equal((await ownersOf(new Set(['55']), machine))[0]!.isAquatic, false, 'it does not serve')
})

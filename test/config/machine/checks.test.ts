import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMachine, effectiveNeeds } from '../../../src/config/machine/check-machine.js'
import { softLimit } from '../../../src/config/machine/limits.js'
import { availableBytes } from '../../../src/config/machine/memory.js'
import type { MachineNeeds } from '../../../src/config/machine/needs.js'
import { path, type Table } from '../../../src/config/schema.js'
import { AquaticError } from '../../../src/errors.js'
import { type MachineParts, machineOf, needing } from './machines.js'

/** `severity check key: text` of every finding. */
async function find(needs: Partial<MachineNeeds>, parts: MachineParts = {}): Promise<string[]> {
  const findings = await checkMachine(needing(needs), machineOf(parts))
  for (const { severity, remedy } of findings) assert.equal(remedy !== undefined, severity !== 'info')
  return findings.map(({ severity, check, key, text }) => `${severity} ${check} ${key}: ${text}`)
}

const socket = (address: string, port: number, protocol: 'udp' | 'tcp' = 'udp') => ({
  key: 'k',
  protocol,
  address: { address, port },
  onlyIpv6: true,
})
const refusing = (errno: string): MachineParts => ({ tryBind: async () => ({ errno }) })
const line = (local: string, inode: number, state = '07', uid = 33): string =>
  `  1: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 2 f 0\n`

test('a machine that has everything is not complained about', async () => {
  const needs = {
    sockets: [socket('0.0.0.0', 80)],
    buffers: [{ key: 'b', direction: 'send' as const, bytes: 9 }],
    memory: { key: 'm', bytes: 2 ** 33 },
    outputs: [{ key: 'o', path: '/tmp/x/y' }],
  }
  const kindOf = async (path: string) => (path === '/tmp/x' ? ('directory' as const) : { errno: 'ENOENT' })
  assert.deepEqual(await find(needs, { kindOf }), [])
})

test('each reason why a port is refused has its sentence', async () => {
  const needs = { sockets: [socket('0.0.0.0', 80)] }
  const files = { '/proc/sys/net/ipv4/ip_unprivileged_port_start': '1024\n' }
  const refused = 'error ports k: udp 0.0.0.0:80'
  assert.deepEqual(await find(needs, { ...refusing('EACCES'), files }), [
    `${refused} needs a right that this user does not have (ports below 1024 do here).`,
  ])
  assert.deepEqual(await find(needs, refusing('EADDRNOTAVAIL')), [
    `${refused} can't be used: no network interface has this address.`,
  ])
  assert.deepEqual(await find(needs, refusing('EAFNOSUPPORT')), [
    `${refused} can't be used: this machine has IPv4 switched off.`,
  ])
  assert.deepEqual(await find(needs, refusing('ENOBUFS')), [
    `${refused} can't be used: the system refuses it (ENOBUFS).`,
  ])
  const taken = await find(needs, refusing('EADDRINUSE'))
  assert.deepEqual(taken, [`${refused} is taken by a socket that can not be seen from here.`])
})

test('a missing address comes with those that there are', async () => {
  const parts = { ...refusing('EADDRNOTAVAIL'), interfaceAddresses: () => ['::1', 'fd00::2'] }
  const [finding] = await checkMachine(needing({ sockets: [socket('2001:db8::1', 80)] }), machineOf(parts))
  assert.equal(finding!.remedy, 'this machine has ::1, fd00::2; [::] stands for all of them')
})

test('only sockets that are in the way are named', async () => {
  const files = {
    '/proc/net/udp': line('0100007F:0BB8', 1) + line('0200007F:0BB8', 2) + line('0100007F:0BB9', 3),
    '/proc/net/udp6': line(`${'0'.repeat(32)}:0BB8`, 4) + line(`${'0'.repeat(32)}:0BBA`, 5),
    '/proc/net/tcp': line('0100007F:0BB8', 6, '0A') + line('0100007F:0BB8', 7, '01'),
    ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map(inode => [`/proc/${inode}/cmdline`, `p${inode}\0`])),
  }
  const links = Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7].map(inode => [`/proc/${inode}/fd/3`, `socket:[${inode}]`]),
  )
  const parts = { ...refusing('EADDRINUSE'), files, links }
  const takenBy = async (...need: Parameters<typeof socket>): Promise<string> =>
    /taken by (.+)\.$/.exec((await find({ sockets: [socket(...need)] }, parts))[0]!)![1]!
  assert.equal(await takenBy('127.0.0.1', 3000), 'p1 (pid 1)')
  assert.equal(await takenBy('0.0.0.0', 3000), 'p1 (pid 1), p2 (pid 2)')
  assert.equal(await takenBy('::1', 3000), 'p4 (pid 4)')
  assert.equal(await takenBy('0.0.0.0', 3002), 'p5 (pid 5)', 'an IPv6 socket that serves IPv4 too')
  assert.equal(await takenBy('127.0.0.1', 3000, 'tcp'), 'p6 (pid 6)', 'connections hold no port')
  const hidden = await find({ sockets: [socket('127.0.0.1', 3000)] }, { ...parts, links: {} })
  assert.match(hidden[0]!, /a program of user id 33 that can't be looked into from here\.$/)
})

test('one port for two sockets of a configuration is an error, though each alone would find it free', async () => {
  const both = async (one: string, other: string, protocol: 'udp' | 'tcp' = 'tcp', onlyIpv6 = false) => {
    const [first, second] = [one, other].map(address => socket(address, 3000, 'tcp'))
    const sockets = [
      { ...first!, onlyIpv6 },
      { ...second!, key: 'l', protocol, onlyIpv6 },
    ]
    return await find({ sockets })
  }
  assert.deepEqual(await both('0.0.0.0', '127.0.0.1'), [
    "error ports l: tcp 127.0.0.1:3000 can't be used: k asks for 0.0.0.0:3000.",
  ])
  for (const [one, other] of [
    ['127.0.0.1', '0.0.0.0'],
    ['::1', '0:0::1'],
    ['127.0.0.1', '::'],
    ['::', '127.0.0.1'],
  ] as const)
    assert.equal((await both(one, other)).length, 1, `${one} ${other}`)
  assert.deepEqual(await both('127.0.0.1', '127.0.0.2'), [])
  assert.deepEqual(await both('127.0.0.1', '::1'), [])
  assert.deepEqual(await both('0.0.0.0', '::', 'tcp', true), [])
  assert.deepEqual(await both('127.0.0.1', '127.0.0.1', 'udp'), [])
  assert.deepEqual(await find({ sockets: [socket('::1', 0), socket('::1', 0)] }), [])
})

test('a running tracker on its port is a warning: it is about to be restarted', async () => {
  const files = {
    '/proc/net/udp': line('0100007F:0BB8', 1),
    '/proc/1/cmdline': 'node\0/x/aquatic\0serve\0udp\0',
  }
  const parts = { ...refusing('EADDRINUSE'), files, links: { '/proc/1/fd/3': 'socket:[1]' } }
  assert.deepEqual(await find({ sockets: [socket('127.0.0.1', 3000)] }, parts), [
    'warning ports k: udp 127.0.0.1:3000 is taken by aquatic serve (pid 1).',
  ])
})

test('buffers, workers and memory beyond the machine are warnings', async () => {
  const needs = {
    buffers: [{ key: 'b', direction: 'receive' as const, bytes: 9 }],
    workers: { key: 'w', count: 5 },
    memory: { key: 'm', bytes: 4_000_000 },
  }
  const parts = {
    grantedBufferBytes: async () => 8,
    files: { '/proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    3906 kB\n' },
  }
  assert.deepEqual(await find(needs, parts), [
    'warning buffers b: b asks for 9 bytes, and the system grants 8.',
    'warning processors w: w is 5, and this process may use 4 processors: more workers are slower, not faster.',
    'warning memory m: m is 4000000 bytes, and 3999744 are available at the moment: a full swarm would be ' +
      'ended by the system.',
  ])
  const small = await find({ memory: { key: 'm', bytes: 11 } }, { memoryBytes: 10 })
  assert.match(small[0]!, /this process may use 10:/)
  assert.deepEqual(await find(needs, { grantedBufferBytes: async () => undefined, processors: 5 }), [])
})

test('limits of the process that are too low are errors', async () => {
  const limits =
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max open files            1024                 4096                 files     \n' +
    'Max address space         unlimited            unlimited            bytes     \n'
  assert.equal(softLimit(limits, 'Max open files'), 1024)
  assert.equal(softLimit(limits, 'Max address space'), Number.POSITIVE_INFINITY)
  assert.equal(softLimit(limits, 'Max file locks'), undefined)
  const files = { '/proc/self/limits': limits.replace('unlimited', '5000') }
  assert.deepEqual(await find({ openFiles: 1024, memory: { key: 'm', bytes: 5000 } }, { files }), [])
  assert.deepEqual(await find({ openFiles: 1025, memory: { key: 'm', bytes: 5001 } }, { files }), [
    'error open files undefined: up to 1025 files and sockets are needed at once, and the limit is 1024.',
    'error memory m: m is 5001 bytes, and this process may have 5000 of address space.',
  ])
  assert.equal(availableBytes('nothing'), undefined)
})

test('files to read are read: what is in them, or why not', async () => {
  const good = { key: 'a', path: 'l', read: async () => ({ text: '3 info hashes' }) }
  const bad = {
    key: 'b',
    path: 'm',
    read: () => Promise.reject(new AquaticError('AQ_ACCESS_LIST', 'm:2: bad', { remedy: 'mend it' })),
  }
  const doubt = { text: 'n is empty', remedy: 'fill it' }
  const doubtful = { key: 'c', path: 'n', read: async () => ({ text: '0 info hashes', doubt }) }
  assert.deepEqual(await find({ inputs: [good, bad, doubtful] }), [
    'error files b: m:2: bad',
    'warning files c: n is empty.',
    'info files a: l: 3 info hashes',
  ])
})

test('files to write need a directory that takes them', async () => {
  const outputs = [{ key: 'o', path: '/d/f' }]
  const kinds = (kinds: Record<string, string | { errno: string }>): MachineParts => ({
    kindOf: (async (path: string) => kinds[path] ?? { errno: 'ENOENT' }) as MachineParts['kindOf'],
  })
  const start = "error files o: /d/f can't be written"
  assert.deepEqual(await find({ outputs }, kinds({ '/d/f': 'directory' })), [`${start}: it is a directory.`])
  assert.deepEqual(await find({ outputs }, kinds({ '/d/f': 'other' })), [
    `${start}: it is a device, a pipe or a socket, which a new file would replace.`,
  ])
  assert.deepEqual(await find({ outputs }, kinds({})), [`${start}: there is no directory /d.`])
  assert.deepEqual(await find({ outputs }, kinds({ '/d': 'file' })), [`${start}: /d is no directory.`])
  assert.deepEqual(await find({ outputs }, kinds({ '/d': { errno: 'EACCES' } })), [
    `${start}: /d can't be looked at (EACCES).`,
  ])
  const inRun = { unixSockets: [{ key: 'u', path: '/run/d/s' }] }
  assert.deepEqual(await find(inRun, kinds({})), [
    'warning unix sockets u: /run/d/s needs /run/d, which is not there now.',
  ])
  assert.deepEqual(await find(inRun, kinds({ '/run/d': 'file' })), [
    "error unix sockets u: /run/d/s can't be a socket: /run/d is no directory.",
  ])
  const denied = { ...kinds({ '/d': 'directory' }), whyNotWritable: async () => 'EROFS' }
  assert.deepEqual(await find({ outputs }, denied), [`${start}: this user can't make files in /d (EROFS).`])
})

test('directories that are made with the file need not be there, but somewhere to make them', async () => {
  const outputs = [{ key: 'o', path: '/d/e/f', makesDirectories: true }]
  const asked: string[] = []
  const parts = (kind: 'directory' | 'file', errno?: string): MachineParts => ({
    kindOf: async path => (path === '/d' ? kind : { errno: 'ENOENT' }),
    whyNotWritable: async directory => {
      asked.push(directory)
      return errno
    },
  })
  assert.deepEqual([await find({ outputs }, parts('directory')), asked], [[], ['/d']])
  const start = "error files o: /d/e/f can't be written"
  assert.deepEqual(await find({ outputs }, parts('file')), [`${start}: /d is no directory.`])
  assert.deepEqual(await find({ outputs }, parts('directory', 'EACCES')), [
    `${start}: this user can't make files in /d (EACCES).`,
  ])
})

test('a Unix socket needs a directory that takes it, and a path without something else', async () => {
  const unixSockets = [{ key: 'u', path: '/d/s' }]
  const kinds = (kinds: Record<string, string | { errno: string }>): MachineParts => ({
    kindOf: (async (path: string) => kinds[path] ?? { errno: 'ENOENT' }) as MachineParts['kindOf'],
  })
  const start = "error unix sockets u: /d/s can't be a socket"
  assert.deepEqual(await find({ unixSockets }, kinds({ '/d': 'directory' })), [])
  assert.deepEqual(await find({ unixSockets }, kinds({ '/d': 'directory', '/d/s': 'other' })), [])
  assert.deepEqual(await find({ unixSockets }, kinds({ '/d/s': 'directory' })), [
    `${start}: it is a directory.`,
  ])
  assert.deepEqual(await find({ unixSockets }, kinds({ '/d/s': 'file' })), [`${start}: there is a file.`])
  assert.deepEqual(await find({ unixSockets }, kinds({})), [`${start}: there is no directory /d.`])
  const denied = { ...kinds({ '/d': 'directory' }), whyNotWritable: async () => 'EACCES' }
  assert.deepEqual(await find({ unixSockets }, denied), [
    `${start}: this user can't make files in /d (EACCES).`,
  ])
})

test('user, group and root directory have to be there, and root has to ask', async () => {
  const identity = {
    key: 'privileges.drop_privileges',
    user: 'nobody',
    group: 'nogroup',
    rootDirectory: '/r',
  }
  const accounts = (numbers: Record<string, number>): MachineParts => ({
    findAccount: async (_kind, name) => numbers[name],
  })
  assert.deepEqual(await find({ identity }, accounts({ nobody: 1, nogroup: 1 })), [])
  assert.deepEqual(await find({ identity }, accounts({ nobody: 1 })), [
    'error privileges privileges.group: there is no group "nogroup" on this machine.',
  ])
  assert.deepEqual(await find({ identity }, accounts({ nobody: 0, nogroup: 0 })), [
    'error privileges privileges.user: user "nobody" is root itself, who has nothing given up.',
  ])
  const parts: MachineParts = {
    isRoot: false,
    findAccount: async (_kind, name) => {
      if (name === 'nogroup') throw new Error('the directory is out of reach\n  at …')
      return 1
    },
    kindOf: async () => ({ errno: 'ENOENT' }),
  }
  assert.deepEqual(await find({ identity }, parts), [
    'error privileges privileges.drop_privileges: only root may change to another user, and this is not root.',
    "error privileges privileges.chroot_path: /r can't become the root directory: it can't be looked at (ENOENT).",
    'warning privileges privileges.group: whether there is a group "nogroup" can\'t be found out here: ' +
      'the directory is out of reach.',
  ])
})

test('the engine has to work here, and to change the root directory where that is asked for', async () => {
  const identity = { key: 'k', user: 'u', group: 'g', rootDirectory: '/r' }
  const engine = (chosen: 'native' | 'node') => ({ key: 'network.engine', choose: async () => chosen })
  const parts: MachineParts = { findAccount: async () => 1 }
  assert.deepEqual(await find({ identity, engine: engine('native') }, parts), [])
  assert.deepEqual(await find({ engine: engine('node') }), [])
  const keeping = { ...identity, rootDirectory: '/' }
  assert.deepEqual(await find({ identity: keeping, engine: engine('node') }, parts), [])
  assert.deepEqual(await find({ identity, engine: engine('node') }, parts), [
    "error privileges privileges.chroot_path: the engine here is node, which can't change the root directory (/r).",
  ])
  const missing = async () => {
    throw new AquaticError('AQ_ENGINE_UNAVAILABLE', 'It can’t work.', { remedy: 'take another' })
  }
  assert.deepEqual(await find({ engine: { key: 'network.engine', choose: missing } }), [
    'error engine network.engine: It can’t work.',
  ])
})

test('keys without an effect ask for nothing', () => {
  const leaves = {
    works: path({ default: 'x', doc: '' }),
    later: path({ default: 'x', doc: '', noEffect: 'later' }),
  }
  const table: Table = { application: 'x', title: '', doc: '', leaves, sections: {} }
  const needs = ['works', 'later'].map(key => ({ key, path: key, read: async () => ({ text: '' }) }))
  const identity = { key: 'later', user: 'u', group: 'g', rootDirectory: '/' }
  const left = effectiveNeeds(needing({ inputs: needs, outputs: needs, identity }), table)
  assert.deepEqual(
    [left.inputs.map(({ key }) => key), left.outputs.map(({ key }) => key)],
    [['works'], ['works']],
  )
  assert.equal(left.identity, undefined)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { thisMachine } from '../../../src/config/machine/this-machine.js'
import { canRun } from '../../support/child-process.js'
import { scratchDirectory } from '../scratch.js'

const machine = thisMachine()

test('kinds of paths, and whether files can be made in them', async t => {
  const directory = scratchDirectory(t)
  const file = join(directory, 'file')
  writeFileSync(file, '')
  assert.equal(await machine.kindOf(directory), 'directory')
  assert.equal(await machine.kindOf(file), 'file')
  assert.equal(await machine.kindOf('/dev/null'), 'other')
  assert.deepEqual(await machine.kindOf(join(directory, 'none')), { errno: 'ENOENT' })
  assert.deepEqual(await machine.kindOf(join(file, 'none')), { errno: 'ENOTDIR' })
  assert.equal(await machine.whyNotWritable(directory), undefined)
  assert.equal(await machine.whyNotWritable(join(directory, 'none')), 'ENOENT')
})

test('a TCP port is free after it was tried, and taken while somebody listens', async t => {
  const server = createServer()
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const need = {
    key: 'k',
    protocol: 'tcp',
    address: { address: '127.0.0.1', port },
    onlyIpv6: false,
  } as const
  assert.deepEqual(await machine.tryBind(need), { errno: 'EADDRINUSE' })
  const free = { ...need, address: { ...need.address, port: 0 } }
  assert.equal(await machine.tryBind(free), 'free')
})

test('a small buffer is granted, and a file that is not there has no text', async () => {
  const granted = await machine.grantedBufferBytes('receive', 8192)
  assert.ok(granted !== undefined && granted >= 4096)
  assert.equal(await machine.readText('/none'), undefined)
  assert.equal(await machine.list('/none'), undefined)
  assert.equal(await machine.readLink('/none'), undefined)
})

test('owner and mode of what is at a path, and whether an ACL says more', async t => {
  const directory = scratchDirectory(t)
  const file = join(directory, 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o640)
  symlinkSync('file', join(directory, 'link'))
  const owner = { userId: process.geteuid?.(), groupId: process.getegid?.() }
  assert.deepEqual(await machine.lookAt(file), { kind: 'file', ...owner, mode: 0o640 })
  const kinds = [directory, join(directory, 'link'), '/dev/null'].map(path => machine.lookAt(path))
  assert.deepEqual(
    (await Promise.all(kinds)).map(found => 'kind' in found && found.kind),
    ['directory', 'link', 'other'],
  )
  assert.deepEqual(await machine.lookAt(join(directory, 'none')), { errno: 'ENOENT' })
  assert.equal(await machine.hasAcl(file), false)
  assert.equal(await machine.hasAcl(join(directory, 'none')), false)
  if (!canRun('setfacl', ['-m', 'u:65534:r', file])) return t.diagnostic('no ACL can be set here')
  assert.equal(await machine.hasAcl(file), true)
})

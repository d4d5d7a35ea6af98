// What is said of files behind `[privileges]`, on machines that no test could make; those of this one are in
// e2e/privileges-check.test.ts.

import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { PathStatus } from '../../../src/config/machine/needs.js'
import { checkRights } from '../../../src/config/machine/rights.js'
import { type MachineParts, machineOf, needing } from './machines.js'

const accounts: Record<string, number> = { u: 1000, g: 100 }

/** What is there, by path: `d755` is a directory of root's, `f600`, or where a link leads. */
async function find(
  there: Readonly<Record<string, string>>,
  parts: MachineParts = {},
  rootDirectory = '/',
): Promise<string[]> {
  const machine = machineOf({
    links: Object.fromEntries(Object.entries(there).filter(([, what]) => !/^[df]\d/.test(what))),
    findAccount: async (_kind, name) => accounts[name],
    lookAt: async path => {
      const what = there[path.replace(/\/\.$/, '') || '/']
      if (what === undefined) return { errno: 'ENOENT' }
      const kinds: Record<string, PathStatus['kind']> = { d: 'directory', f: 'file' }
      const kind = /^[df]\d/.test(what) ? kinds[what[0]!]! : 'link'
      return { kind, userId: 0, groupId: 0, mode: Number.parseInt(what.slice(1), 8) || 0 }
    },
    kindOf: async () => 'file',
    ...parts,
  })
  const needs = needing({
    identity: { key: 'k', user: 'u', group: 'g', rootDirectory },
    inputs: [{ key: 'i', path: 'in/list', read: async () => ({ text: '' }) }],
    outputs: [{ key: 'o', path: '/out/page' }],
  })
  return (await checkRights(needs, machine)).map(({ severity, key, text }) => `${severity} ${key}: ${text}`)
}

const fine = { '/': 'd755', '/in': 'd711', '/in/list': 'f444', '/out': 'd777' }
/** Nothing can be looked at but the root directory. */
const lookAtTop: MachineParts['lookAt'] = async path =>
  resolve(path) === '/' ? { kind: 'directory', userId: 0, groupId: 0, mode: 0o755 } : { errno: 'EACCES' }
const denied =
  "o: /out/page can't be written: user u, with no group but g, may not make files in /out (of user"

test('rights of others are enough', async () => {
  assert.deepEqual(await find(fine), [])
})

test('an ACL leaves a doubt', async () => {
  const there = { ...fine, '/out': 'd755' }
  assert.deepEqual(await find(there), [`error ${denied} id 0 and group id 0, mode 755).`])
  assert.deepEqual(await find(there, { hasAcl: async path => path === '/out' }), [
    `warning ${denied} id 0 and group id 0, mode 755), ` +
      'unless the ACL of /out allows it, which is not looked into here.',
  ])
})

test('what even root may not is said as that', async () => {
  assert.deepEqual(await find(fine, { whyNotWritable: async () => 'EROFS' }), [
    "error o: /out/page can't be written: nobody can make files in /out (EROFS).",
  ])
})

test('root of a container without CAP_DAC_OVERRIDE sees less than the new user, and is no reason to refuse', async () => {
  assert.deepEqual(await find(fine, { whyNotWritable: async () => 'EACCES' }), [])
  assert.deepEqual(await find(fine, { lookAt: lookAtTop }), [])
})

test('nothing is said where the one who checks may not look, or where there is no such user or root directory', async () => {
  assert.deepEqual(
    await find(fine, { isRoot: false, lookAt: lookAtTop, whyNotWritable: async () => 'EACCES' }),
    [],
  )
  const denying = { ...fine, '/out': 'd755' }
  assert.deepEqual(await find(denying, { findAccount: async () => undefined }), [])
  assert.deepEqual(await find(denying, { findAccount: () => Promise.reject(new Error('out of reach')) }), [])
  assert.deepEqual(await find(denying, {}, '/none'), [])
})

test('links go on from the root directory or from where they stand, and not in circles', async () => {
  const below = { '/r': 'd755', '/r/in': '../../../data', '/r/data': 'd755', '/r/data/list': 'f444' }
  assert.deepEqual(await find({ ...below, '/r/out': 'data/out', '/r/data/out': 'd777' }, {}, '/r'), [])
  assert.deepEqual(await find({ ...below, '/r/out': '/data/none' }, {}, '/r'), [
    "error o: /r/out/page can't be written: the link /r/out leads nowhere.",
  ])
  assert.deepEqual(await find({ ...below, '/r/out': 'out' }, {}, '/r'), [
    "error o: /r/out/page can't be written: /r/out can't be looked at (ELOOP).",
  ])
})

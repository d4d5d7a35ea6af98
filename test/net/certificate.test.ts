// Certificates are read and checked before anything listens; each refusal says what is wrong and what to do.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { readCertificate } from '../../src/net/certificate.js'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { meets } from '../support/requirement.js'

const DAY_MS = 86_400_000

function refusal(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof AquaticError)
    assert.equal(error.code, 'AQ_CERTIFICATE')
    assert.ok((error.remedy ?? '') !== '')
    return error.message
  }
  return assert.fail('it was accepted')
}

function scratch(t: TestContext): string | undefined {
  return meets(t, opensslMissing()) ? scratchDirectory(t) : undefined
}

describe('certificate', () => {
  for (const keyKind of ['rsa:2048', 'ec'] as const) {
    it(`reads chain and key (${keyKind}), also of an encrypted one`, t => {
      const directory = scratch(t)
      if (directory === undefined) return
      const open = makeCertificate(directory, 'open', { commonName: 'one', keyKind })
      const issuer = makeCertificate(directory, 'issuer', { commonName: 'two' })
      const chain = join(directory, 'chain.pem')
      writeFileSync(
        chain,
        ['some text', open.certificatePath, issuer.certificatePath]
          .map((part, index) => (index === 0 ? `${part}\n` : readFileSync(part, 'latin1')))
          .join(''),
      )
      const read = readCertificate({ ...open, certificatePath: chain }, new Date())
      assert.equal(read.chainPem.match(/BEGIN CERTIFICATE/g)?.length, 2)
      assert.match(read.keyPem, /^-----BEGIN PRIVATE KEY-----/)
      assert.ok(read.validUntil.getTime() > Date.now())
      const locked = makeCertificate(directory, 'locked', {
        commonName: 'one',
        keyKind,
        passphrase: 'open it',
      })
      assert.match(readCertificate(locked, new Date()).keyPem, /^-----BEGIN PRIVATE KEY-----/)
      const without = refusal(() => readCertificate({ ...locked, passphrase: '' }, new Date()))
      assert.match(without, /is encrypted/)
      const wrong = refusal(() => readCertificate({ ...locked, passphrase: 'shut it' }, new Date()))
      assert.match(wrong, /can't be decrypted with the passphrase/)
    })
  }

  it('refuses what has expired or is not valid yet', t => {
    const directory = scratch(t)
    if (directory === undefined) return
    const files = makeCertificate(directory, 'one', { commonName: 'one' })
    assert.match(
      refusal(() => readCertificate(files, new Date(Date.now() + 2 * DAY_MS))),
      /expired at 20\d\d-/,
    )
    assert.match(
      refusal(() => readCertificate(files, new Date(Date.now() - DAY_MS))),
      /not valid before 20\d\d-/,
    )
  })

  it('refuses the key of another certificate', t => {
    const directory = scratch(t)
    if (directory === undefined) return
    const one = makeCertificate(directory, 'one', { commonName: 'one' })
    const two = makeCertificate(directory, 'two', { commonName: 'two' })
    const message = refusal(() => readCertificate({ ...one, keyPath: two.keyPath }, new Date()))
    assert.equal(
      message,
      `The private key in ${two.keyPath} does not belong to the first certificate in ${one.certificatePath}.`,
    )
  })

  it("says which file can't be read, holds nothing of the kind, or is damaged", t => {
    const directory = scratch(t)
    if (directory === undefined) return
    const files = makeCertificate(directory, 'one', { commonName: 'one' })
    const missing = join(directory, 'missing.pem')
    const now = new Date()
    const refused = (changes: Partial<typeof files>): string =>
      refusal(() => readCertificate({ ...files, ...changes }, now))
    assert.equal(refused({ certificatePath: missing }), `${missing} can't be read (ENOENT).`)
    assert.equal(refused({ keyPath: directory }), `${directory} can't be read (EISDIR).`)
    assert.match(refused({ certificatePath: files.keyPath }), /has no certificate in it/)
    assert.match(refused({ keyPath: files.certificatePath }), /has no private key in it/)
    const damaged = join(directory, 'damaged.pem')
    for (const [original, path] of [
      [files.certificatePath, 'certificatePath'],
      [files.keyPath, 'keyPath'],
    ] as const) {
      writeFileSync(damaged, readFileSync(original, 'latin1').replace(/\n[\w+/]{30}/, '\nAAAA'))
      assert.match(refused({ [path]: damaged }), /damaged/)
    }
  })
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { describeCertificate } from '../../../src/config/machine/certificates.js'
import { AquaticError } from '../../../src/errors.js'
import { meets } from '../../support/requirement.js'
import { type CertificateFiles, makeCertificate, opensslMissing, runOpenssl } from '../certificate-files.js'
import { scratchDirectory } from '../scratch.js'

function make(t: TestContext, ...more: readonly string[]): CertificateFiles {
  return makeCertificate(scratchDirectory(t), ...more)
}

function describe(files: CertificateFiles, passphrasePath = '', now = new Date()): string {
  return describeCertificate({ ...files, passphrasePath }, now)
}

function refused(...args: Parameters<typeof describe>): string {
  try {
    return assert.fail(describe(...args))
  } catch (error) {
    assert.ok(error instanceof AquaticError, String(error))
    assert.equal(error.code, 'AQ_CERTIFICATE')
    assert.ok(error.remedy !== undefined)
    return error.message
  }
}

const dayMs = 86_400_000

test('a certificate and its key: whose, and until when', t => {
  if (!meets(t, opensslMissing)) return
  const names = make(t, '-addext', 'subjectAltName=DNS:t.example,IP:192.0.2.7')
  const found = /^certificate of t\.example, valid until (\S+)$/.exec(describe(names))
  assert.ok(Math.abs(Date.parse(found![1]!) - Date.now() - dayMs) < dayMs / 24, found![1])
  assert.match(describe(make(t)), /^certificate of O=Example, CN=tracker\.example, valid /)
})

test('a certificate that is not, or no longer, valid', t => {
  if (!meets(t, opensslMissing)) return
  const files = make(t)
  assert.match(refused(files, '', new Date(Date.now() + 2 * dayMs)), /c\.pem expired at \d{4}-/)
  assert.match(refused(files, '', new Date(Date.now() - dayMs)), /c\.pem is not valid before \d{4}-/)
})

test('the key of another certificate', t => {
  if (!meets(t, opensslMissing)) return
  const files = { ...make(t), keyPath: make(t).keyPath }
  assert.match(refused(files), /does not belong to the first certificate in /)
})

test('an encrypted key needs its passphrase', t => {
  if (!meets(t, opensslMissing)) return
  const files = make(t)
  const passphrasePath = join(files.directory, 'passphrase')
  const forms = [
    ['pkcs8', '-topk8', '-v2', 'aes-256-cbc'],
    ['ec', '-aes256'],
  ]
  for (const [index, form] of forms.entries()) {
    const keyPath = join(files.directory, `encrypted-${index}.pem`)
    runOpenssl([...form, '-in', files.keyPath, '-out', keyPath, '-passout', 'pass:open sesame'])
    const encrypted = { ...files, keyPath }
    assert.match(refused(encrypted), /is encrypted\.$/)
    writeFileSync(passphrasePath, 'open sesame\n')
    assert.match(describe(encrypted, passphrasePath), /^certificate of /)
    writeFileSync(passphrasePath, 'open\n')
    assert.match(refused(encrypted, passphrasePath), /can't be decrypted with the passphrase in /)
    assert.match(refused(encrypted, join(files.directory, 'none')), /none can't be read \(ENOENT\)\.$/)
  }
})

test('a key behind the parameters of its curve', t => {
  if (!meets(t, opensslMissing)) return
  const files = make(t)
  const keyPath = join(files.directory, 'parameters.pem')
  runOpenssl(['ecparam', '-name', 'prime256v1', '-genkey', '-out', keyPath])
  const certificatePath = join(files.directory, 'of-it.pem')
  runOpenssl(['req', '-x509', '-new', '-key', keyPath, '-subj', '/CN=p', '-out', certificatePath])
  assert.match(describe({ ...files, certificatePath, keyPath }), /^certificate of CN=p, /)
})

test('files that are missing, of another kind or damaged', t => {
  if (!meets(t, opensslMissing)) return
  const files = make(t)
  const { directory, certificatePath, keyPath } = files
  assert.match(refused({ ...files, certificatePath: directory }), /can't be read \(EISDIR\)\.$/)
  assert.match(refused({ ...files, keyPath: join(directory, 'none') }), /none can't be read \(ENOENT\)\.$/)
  assert.match(refused({ ...files, certificatePath: keyPath }), /k\.pem has no certificate in it\.$/)
  assert.match(refused({ ...files, keyPath: certificatePath }), /c\.pem has no private key in it\.$/)
  const damaged = join(directory, 'damaged.pem')
  writeFileSync(damaged, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  assert.match(
    refused({ ...files, certificatePath: damaged }),
    /The certificate in .*damaged\.pem is damaged/,
  )
  writeFileSync(damaged, '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')
  assert.match(refused({ ...files, keyPath: damaged }), /The private key in .*damaged\.pem is damaged or of /)
})

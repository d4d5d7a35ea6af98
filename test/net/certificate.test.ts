// Certificates are read and checked before anything listens; each refusal says what is wrong and what to do.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { describeCertificate, describeKey, readCertificate } from '../../src/net/certificate.js'
import {
  type CertificateRequest,
  type MadeCertificate,
  makeCertificate,
  opensslMissing,
  runOpenssl,
  scratchDirectory,
} from '../support/certificates.js'
import { meets } from '../support/requirement.js'

const DAY_MS = 86_400_000

interface Scratch {
  readonly directory: string
  make(name: string, request?: Partial<CertificateRequest>): MadeCertificate
  write(name: string, text: string): string
}

function scratch(t: TestContext): Scratch | undefined {
  if (!meets(t, opensslMissing())) return undefined
  const directory = scratchDirectory(t)
  return {
    directory,
    make: (name, request = {}) => makeCertificate(directory, name, { commonName: name, days: 1, ...request }),
    write: (name, text) => {
      writeFileSync(join(directory, name), text)
      return join(directory, name)
    },
  }
}

function refusalOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof AquaticError, String(error))
    assert.equal(error.code, 'AQ_CERTIFICATE')
    assert.ok((error.remedy ?? '') !== '')
    return error.message
  }
  return assert.fail('it was accepted')
}

const refused = (files: MadeCertificate, now = new Date()): string =>
  refusalOf(() => readCertificate(files, now))

const read = (files: MadeCertificate) => readCertificate(files, new Date())

describe('certificate', () => {
  for (const keyKind of ['rsa:2048', 'ec'] as const) {
    it(`reads chain and key (${keyKind})`, t => {
      const { make, write } = scratch(t) ?? {}
      if (make === undefined || write === undefined) return
      const open = make('open', { keyKind })
      const parts = [open, make('issuer')].map(({ certificatePath }) =>
        readFileSync(certificatePath, 'latin1'),
      )
      const chain = write('chain.pem', `some text\n${parts.join('')}`)
      const { chainPem, keyPem, validUntil } = read({ ...open, certificatePath: chain })
      assert.equal(chainPem.match(/BEGIN CERTIFICATE/g)?.length, 2)
      assert.match(keyPem, /^-----BEGIN PRIVATE KEY-----/)
      assert.ok(Math.abs(validUntil.getTime() - Date.now() - DAY_MS) < DAY_MS / 24)
    })

    it(`reads an encrypted key (${keyKind}) with its passphrase, in both forms of PEM`, t => {
      const { directory, make, write } = scratch(t) ?? {}
      if (directory === undefined || make === undefined || write === undefined) return
      const open = make('open', { keyKind })
      // Not ASCII: bytes are compared, whatever they mean.
      const passphrase = 'open sesame, ïf you please'
      for (const form of [
        ['pkcs8', '-topk8', '-v2', 'aes-256-cbc'],
        [keyKind === 'ec' ? 'ec' : 'rsa', '-aes256'],
      ]) {
        const keyPath = join(directory, `${form[0]}.pem`)
        const traditional = form[0] === 'rsa' ? ['-traditional'] : []
        runOpenssl([
          ...form,
          ...traditional,
          '-in',
          open.keyPath,
          '-out',
          keyPath,
          '-passout',
          `pass:${passphrase}`,
        ])
        const locked = { ...open, keyPath, passphrasePath: write('passphrase', `${passphrase}\r\nmore\n`) }
        assert.match(read(locked).keyPem, /^-----BEGIN PRIVATE KEY-----/)
        assert.match(refused({ ...locked, passphrasePath: '' }), /is encrypted\.$/)
        const wrong = { ...locked, passphrasePath: write('wrong', 'shut it\n') }
        assert.match(refused(wrong), /can't be decrypted with the passphrase in .*wrong\.$/)
        const missing = { ...locked, passphrasePath: join(directory, 'none') }
        assert.match(refused(missing), /none can't be read: there is no such file\.$/)
      }
    })
  }

  it('reads a key behind the parameters of its curve', t => {
    const { directory, make } = scratch(t) ?? {}
    if (directory === undefined || make === undefined) return
    const [keyPath, certificatePath] = [join(directory, 'parameters.pem'), join(directory, 'of-it.pem')]
    runOpenssl(['ecparam', '-name', 'prime256v1', '-genkey', '-out', keyPath])
    runOpenssl(['req', '-x509', '-new', '-key', keyPath, '-subj', '/CN=p', '-out', certificatePath])
    assert.match(readFileSync(keyPath, 'latin1'), /BEGIN EC PARAMETERS/)
    assert.match(
      read({ certificatePath, keyPath, passphrasePath: '' }).keyPem,
      /^-----BEGIN PRIVATE KEY-----/,
    )
  })

  it('says whose a certificate is and until when, and what kind of key', t => {
    const { make } = scratch(t) ?? {}
    if (make === undefined) return
    const named = make('named', { names: 'DNS:t.example,IP:192.0.2.7' })
    const described = describeCertificate(named.certificatePath, new Date()).text
    const until = /^certificate of t\.example, valid until (\S+)$/.exec(described)?.[1] ?? described
    assert.ok(Math.abs(Date.parse(until) - Date.now() - DAY_MS) < DAY_MS / 24, until)
    const plain = make('plain', { names: '', keyKind: 'rsa:2048' })
    assert.match(
      describeCertificate(plain.certificatePath, new Date()).text,
      /^certificate of O=Example, CN=plain, valid /,
    )
    assert.equal(describeKey(named), 'private key (ec) of the certificate')
    assert.equal(describeKey(plain), 'private key (rsa) of the certificate')
    // What is wrong with the certificate is not said of the key.
    assert.equal(describeKey({ ...plain, certificatePath: plain.keyPath }), 'private key (rsa)')
  })

  it('is doubtful in its last 14 days', t => {
    const { make } = scratch(t) ?? {}
    if (make === undefined) return
    const { certificatePath } = make('one', { days: 30 })
    const { text } = describeCertificate(certificatePath, new Date())
    const until = /valid until (\S+)$/.exec(text)?.[1] ?? ''
    const doubtDaysBefore = (days: number) =>
      describeCertificate(certificatePath, new Date(Date.parse(until) - days * DAY_MS)).doubt
    assert.equal(doubtDaysBefore(14), undefined)
    const doubt = {
      text: `${certificatePath} is valid only until ${until}`,
      remedy: 'renew it, then send SIGHUP',
    }
    assert.deepEqual(doubtDaysBefore(13.99), doubt)
  })

  it('refuses what has expired or is not valid yet', t => {
    const { make } = scratch(t) ?? {}
    if (make === undefined) return
    const files = make('one')
    assert.match(refused(files, new Date(Date.now() + 2 * DAY_MS)), /one\.pem expired at 20\d\d-/)
    assert.match(refused(files, new Date(Date.now() - DAY_MS)), /one\.pem is not valid before 20\d\d-/)
    const described = (days: number) => () =>
      describeCertificate(files.certificatePath, new Date(Date.now() + days * DAY_MS))
    assert.match(refusalOf(described(2)), /one\.pem expired at 20\d\d-/)
    assert.match(refusalOf(described(-1)), /one\.pem is not valid before 20\d\d-/)
  })

  it('refuses the key of another certificate', t => {
    const { make } = scratch(t) ?? {}
    if (make === undefined) return
    const one = make('one')
    const { keyPath } = make('two')
    const text = `The private key in ${keyPath} does not belong to the first certificate in ${one.certificatePath}.`
    assert.equal(refused({ ...one, keyPath }), text)
    assert.equal(
      refusalOf(() => describeKey({ ...one, keyPath })),
      text,
    )
  })

  it("says which file can't be read, holds nothing of the kind, or is damaged", t => {
    const { directory, make, write } = scratch(t) ?? {}
    if (directory === undefined || make === undefined || write === undefined) return
    const files = make('one')
    const { certificatePath, keyPath } = files
    const missing = join(directory, 'missing.pem')
    assert.equal(
      refused({ ...files, certificatePath: missing }),
      `${missing} can't be read: there is no such file.`,
    )
    assert.equal(
      refused({ ...files, certificatePath: directory }),
      `${directory} can't be read: it is a directory.`,
    )
    assert.equal(refused({ ...files, keyPath: missing }), `${missing} can't be read: there is no such file.`)
    assert.equal(refused({ ...files, keyPath: directory }), `${directory} can't be read: it is a directory.`)
    assert.match(refused({ ...files, certificatePath: keyPath }), /one-key\.pem has no certificate in it\.$/)
    assert.match(refused({ ...files, keyPath: certificatePath }), /one\.pem has no private key in it\.$/)
    const damaged = (path: string): string =>
      write('damaged.pem', readFileSync(path, 'latin1').replace(/\n[\w+/]{30}/, '\nAAAA'))
    assert.match(
      refused({ ...files, certificatePath: damaged(certificatePath) }),
      /A certificate in .*damaged\.pem is damaged/,
    )
    assert.match(
      refused({ ...files, keyPath: damaged(keyPath) }),
      /The private key in .*damaged\.pem is damaged or of /,
    )
    const nothing = write('nothing.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    assert.match(refused({ ...files, certificatePath: nothing }), /nothing\.pem is damaged/)
  })
})

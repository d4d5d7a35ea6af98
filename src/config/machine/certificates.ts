// Can TLS be spoken with these files? They are read and checked as at start, and what was read is thrown away.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AquaticError } from '../../errors.js'

/** PEM files by their paths. */
interface CertificatePaths {
  readonly certificatePath: string
  readonly keyPath: string
  /** Of a file with the passphrase of an encrypted key; empty for none. */
  readonly passphrasePath: string
}

/**
 * `certificate of example.com, valid until 2027-01-31T00:00:00.000Z`.
 * @param now against which validity is checked
 * @throws AquaticError AQ_CERTIFICATE: unreadable, no certificate or key in the file, wrong passphrase, not (or no
 *   longer) valid, key of another certificate
 */
export function describeCertificate(paths: CertificatePaths, now: Date): string {
  const certificate = readCertificate(paths.certificatePath)
  const key = readKey(paths)
  if (!certificate.checkPrivateKey(key)) {
    throw refuse(
      `The private key in ${paths.keyPath} does not belong to the first certificate in ${paths.certificatePath}`,
      "name the two files that were issued together; the server's own certificate comes first in the chain",
    )
  }
  const [from, until] = [new Date(certificate.validFrom), new Date(certificate.validTo)]
  if (until.getTime() < now.getTime()) {
    throw refuse(`The certificate in ${paths.certificatePath} expired at ${until.toISOString()}`, 'renew it')
  }
  if (from.getTime() > now.getTime()) {
    throw refuse(
      `The certificate in ${paths.certificatePath} is not valid before ${from.toISOString()}`,
      "wait until then, or set this machine's clock",
    )
  }
  return `certificate of ${nameOf(certificate)}, valid until ${until.toISOString()}`
}

/** The first name that clients compare with, or the subject in one line. */
function nameOf({ subjectAltName, subject }: X509Certificate): string {
  const first = subjectAltName?.split(', ')[0]?.replace(/^[A-Za-z ]+:/, '')
  return first ?? subject?.replaceAll('\n', ', ') ?? 'nobody'
}

function readCertificate(path: string): X509Certificate {
  const text = readText(path)
  if (!text.includes('CERTIFICATE-----')) {
    throw refuse(`${path} has no certificate in it`, 'give it a PEM file: -----BEGIN CERTIFICATE-----')
  }
  try {
    return new X509Certificate(text)
  } catch (error) {
    throw refuse(`The certificate in ${path} is damaged`, 'export the file again', error)
  }
}

/** Other blocks may lie before it, such as the parameters of an elliptic curve. */
const keyBlock = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/

function readKey({ keyPath, passphrasePath }: CertificatePaths): KeyObject {
  const block = keyBlock.exec(readText(keyPath))?.[0]
  if (block === undefined) {
    throw refuse(`${keyPath} has no private key in it`, 'give it a PEM file: -----BEGIN PRIVATE KEY-----')
  }
  // PKCS #8 says so in its first line, older forms in a header ("Proc-Type: 4,ENCRYPTED").
  const isEncrypted = block.includes('ENCRYPTED')
  if (isEncrypted && passphrasePath === '') {
    throw refuse(
      `The private key in ${keyPath} is encrypted`,
      'set network.tls_private_key_passphrase_path, or give a key that is not encrypted',
    )
  }
  const passphrase = isEncrypted ? { passphrase: readText(passphrasePath).split(/\r?\n/)[0]! } : {}
  try {
    return createPrivateKey({ key: block, ...passphrase })
  } catch (error) {
    if (isEncrypted) {
      const text = `The private key in ${keyPath} can't be decrypted with the passphrase in ${passphrasePath}`
      throw refuse(text, 'check the passphrase: it is the first line of that file', error)
    }
    const text = `The private key in ${keyPath} is damaged or of an unknown kind`
    throw refuse(text, 'export the file again; RSA and EC keys in PEM are known', error)
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refuse(`${path} can't be read (${code})`, 'check the path and who may read it', error)
  }
}

function refuse(cause: string, remedy: string, error?: unknown): AquaticError {
  return new AquaticError('AQ_CERTIFICATE', `${cause}.`, { remedy, cause: error })
}

// Reads a certificate chain and its private key from PEM files, and checks that they can be served. The main thread
// does it: after privileges are dropped the files may be out of reach, so workers get what was read.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AquaticError } from '../errors.js'

/** What a TLS server shows and signs with; plain data, so that it can be handed to a worker. */
export interface Certificate {
  /** PEM blocks, the server's own first. */
  readonly chainPem: string
  /** PKCS #8, not encrypted. */
  readonly keyPem: string
  readonly validUntil: Date
}

export interface CertificateFiles {
  readonly certificatePath: string
  readonly keyPath: string
  /** Of an encrypted key; empty for none. */
  readonly passphrase: string
}

const CERTIFICATE_BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END [A-Z0-9 ]+-----/g
const KEY_BLOCK =
  /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END [A-Z ]+-----|-----BEGIN ENCRYPTED PRIVATE KEY-----[\s\S]+?-----END ENCRYPTED PRIVATE KEY-----/

/**
 * @param now against which validity is checked
 * @throws AquaticError AQ_CERTIFICATE: unreadable, no certificate or key in the file, wrong passphrase, not (or no
 *   longer) valid, key of another certificate
 */
export function readCertificate(files: CertificateFiles, now: Date): Certificate {
  const { certificatePath, keyPath } = files
  const blocks = readText(certificatePath).match(CERTIFICATE_BLOCK) ?? []
  if (blocks.length === 0) {
    throw refuse(
      `${certificatePath} has no certificate in it`,
      'give it a PEM file: -----BEGIN CERTIFICATE-----',
    )
  }
  const chain = blocks.map(block => parseCertificate(block, certificatePath))
  const key = parseKey(readText(keyPath), files)
  const [own] = chain
  if (!own.checkPrivateKey(key)) {
    throw refuse(
      `The private key in ${keyPath} does not belong to the first certificate in ${certificatePath}`,
      "name the two files that were issued together; the server's own certificate comes first in the chain",
    )
  }
  checkDates(own, certificatePath, now)
  return {
    chainPem: chain.map(certificate => certificate.toString()).join(''),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    validUntil: new Date(own.validTo),
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

function parseCertificate(block: string, path: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (error) {
    throw refuse(`A certificate in ${path} is damaged`, 'export the file again', error)
  }
}

function parseKey(text: string, { keyPath, passphrase }: CertificateFiles): KeyObject {
  const block = KEY_BLOCK.exec(text)?.[0]
  if (block === undefined) {
    throw refuse(`${keyPath} has no private key in it`, 'give it a PEM file: -----BEGIN PRIVATE KEY-----')
  }
  const isEncrypted = /ENCRYPTED/.test(block)
  if (isEncrypted && passphrase === '') {
    throw refuse(`The private key in ${keyPath} is encrypted`, 'give its passphrase, or a key without one')
  }
  try {
    return createPrivateKey({ key: block, ...(isEncrypted ? { passphrase } : {}) })
  } catch (error) {
    throw refuse(
      isEncrypted
        ? `The private key in ${keyPath} can't be decrypted with the passphrase given`
        : `The private key in ${keyPath} is damaged or of an unknown kind`,
      isEncrypted ? 'check the passphrase' : 'export the file again; RSA and EC keys in PEM are known',
      error,
    )
  }
}

function checkDates(certificate: X509Certificate, path: string, now: Date): void {
  const [from, until] = [new Date(certificate.validFrom), new Date(certificate.validTo)]
  if (until.getTime() < now.getTime()) {
    throw refuse(`The certificate in ${path} expired at ${until.toISOString()}`, 'renew it')
  }
  if (from.getTime() > now.getTime()) {
    throw refuse(
      `The certificate in ${path} is not valid before ${from.toISOString()}`,
      "wait until then, or set this machine's clock",
    )
  }
}

function refuse(cause: string, remedy: string, error?: unknown): AquaticError {
  return new AquaticError('AQ_CERTIFICATE', `${cause}.`, { remedy, cause: error })
}

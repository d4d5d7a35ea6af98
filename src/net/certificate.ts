// Reads a certificate chain and its private key from PEM files, and checks that they can be served. The main thread
// does it: after privileges are dropped the files may be out of reach, so workers get what was read.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { AquaticError, type Doubt, fileReason } from '../errors.js'

/** What a TLS server shows and signs with; plain data, so that it can be handed to a worker. */
export interface Certificate {
  /** PEM blocks, the server's own first. */
  readonly chainPem: string
  /** PKCS #8, not encrypted. */
  readonly keyPem: string
  readonly validUntil: Date
}

/** PEM files by their paths. */
export interface CertificateFiles {
  readonly certificatePath: string
  readonly keyPath: string
  /** Of a file with the passphrase of an encrypted key in its first line; empty for none. */
  readonly passphrasePath: string
}

const CERTIFICATE_BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END [A-Z0-9 ]+-----/g
/** Other blocks may lie before it, such as the parameters of an elliptic curve. */
const KEY_BLOCK = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/

/** Several times what the longest chain has. */
const FILE_BYTES_MAX = 1 << 20

/** 14 days. Programs that renew begin 30 days before the end, so by then something is wrong with them. */
const EXPIRES_SOON_MS = 14 * 86_400_000

/**
 * @param now against which validity is checked
 * @throws AquaticError AQ_CERTIFICATE: unreadable, no certificate or key in the file, wrong passphrase, not (or no
 *   longer) valid, key of another certificate
 */
export function readCertificate(files: CertificateFiles, now: Date): Certificate {
  const chain = readChain(files.certificatePath)
  const key = readKey(files)
  const [own] = chain
  checkPair(own, key, files)
  checkDates(own, files.certificatePath, now)
  return {
    chainPem: chain.map(certificate => certificate.toString()).join(''),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    validUntil: new Date(own.validTo),
  }
}

/**
 * `certificate of example.com, valid until 2027-01-31T00:00:00.000Z`, and what is doubtful about it.
 * @param now against which validity is checked
 * @throws AquaticError AQ_CERTIFICATE for what is wrong with the certificate itself
 */
export function describeCertificate(path: string, now: Date): { text: string; doubt: Doubt | undefined } {
  const [own] = readChain(path)
  checkDates(own, path, now)
  const validUntil = new Date(own.validTo)
  const text = `certificate of ${nameOf(own)}, valid until ${validUntil.toISOString()}`
  return { text, doubt: expiryDoubt(path, validUntil, now) }
}

/** A certificate that is valid, and not for long: whoever renews it late is not reached by new clients any more. */
export function expiryDoubt(path: string, validUntil: Date, now: Date): Doubt | undefined {
  if (validUntil.getTime() - now.getTime() >= EXPIRES_SOON_MS) return undefined
  return {
    text: `${path} is valid only until ${validUntil.toISOString()}`,
    remedy: 'renew it, then send SIGHUP',
  }
}

/**
 * `private key (ec) of the certificate`.
 * @throws AquaticError AQ_CERTIFICATE for what is wrong with the key; a certificate that can't be read is no such thing
 */
export function describeKey(files: CertificateFiles): string {
  const key = readKey(files)
  const kind = `private key (${key.asymmetricKeyType ?? 'of an unknown kind'})`
  const own = ownOrNone(files.certificatePath)
  if (own === undefined) return kind
  checkPair(own, key, files)
  return `${kind} of the certificate`
}

function ownOrNone(path: string): X509Certificate | undefined {
  try {
    return readChain(path)[0]
  } catch (error) {
    if (error instanceof AquaticError) return undefined
    throw error
  }
}

/** The first name that clients compare with, or the subject in one line. */
function nameOf({ subjectAltName, subject }: X509Certificate): string {
  const first = subjectAltName?.split(', ')[0]?.replace(/^[A-Za-z ]+:/, '')
  return first ?? subject?.replaceAll('\n', ', ') ?? 'nobody'
}

/** At least one certificate, the server's own first. */
function readChain(path: string): X509Certificate[] {
  const blocks = readBytes(path).toString('latin1').match(CERTIFICATE_BLOCK) ?? []
  if (blocks.length === 0) {
    throw refuse(`${path} has no certificate in it`, 'give it a PEM file: -----BEGIN CERTIFICATE-----')
  }
  return blocks.map(block => parseCertificate(block, path))
}

/** Regular files only: the main thread must not wait for the writer of a pipe, nor read a device for ever. */
function readBytes(path: string): Buffer {
  let descriptor: number
  try {
    // Without O_NONBLOCK the opening of a pipe would wait, too.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw unreadable(path, error)
  }
  try {
    const status = fstatSync(descriptor)
    // Reading a directory fails by itself.
    if (!status.isFile() && !status.isDirectory())
      throw refuse(`${path} is not a regular file`, 'name a PEM file')
    if (status.size > FILE_BYTES_MAX) throw refuse(`${path} is larger than 1 MiB`, 'name a PEM file')
    return readFileSync(descriptor)
  } catch (error) {
    throw error instanceof AquaticError ? error : unreadable(path, error)
  } finally {
    closeSync(descriptor)
  }
}

function unreadable(path: string, error: unknown): AquaticError {
  return refuse(`${path} can't be read: ${fileReason(error)}`, 'check the path and who may read it', error)
}

function parseCertificate(block: string, path: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (error) {
    throw refuse(`A certificate in ${path} is damaged`, 'export the file again', error)
  }
}

function readKey({ keyPath, passphrasePath }: CertificateFiles): KeyObject {
  const block = KEY_BLOCK.exec(readBytes(keyPath).toString('latin1'))?.[0]
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
  const passphrase = isEncrypted ? { passphrase: firstLine(readBytes(passphrasePath)) } : {}
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

/** As bytes: a passphrase need not be text of any encoding. */
function firstLine(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').split(/\r?\n/, 1)[0], 'latin1')
}

function checkPair(
  own: X509Certificate,
  key: KeyObject,
  { certificatePath, keyPath }: CertificateFiles,
): void {
  if (own.checkPrivateKey(key)) return
  throw refuse(
    `The private key in ${keyPath} does not belong to the first certificate in ${certificatePath}`,
    "name the two files that were issued together; the server's own certificate comes first in the chain",
  )
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

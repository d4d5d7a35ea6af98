// Certificates for tests, made by the `openssl` program when they are needed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canRun, type Owner } from './child-process.js'

const program = 'openssl'

export const opensslMissing = (): Readonly<Record<string, boolean>> => ({
  'openssl is not installed': !canRun(program, ['version']),
})

export interface CertificateRequest {
  readonly commonName: string
  /** `ec` if not given. */
  readonly keyKind?: 'rsa:2048' | 'ec'
  /** Encrypts the key; it is also written to a file. */
  readonly passphrase?: string
  /** `IP:127.0.0.1` if not given; empty for none. */
  readonly names?: string
  /** From now; a certificate of -1 has expired. 30 if not given. */
  readonly days?: number
  /** Issued by this one, instead of by itself. */
  readonly issuer?: MadeCertificate
  /** It may issue others, as one that issues itself always may. */
  readonly isAuthority?: boolean
}

/** Paths of files, as a reader of certificates takes them. */
export interface MadeCertificate {
  readonly certificatePath: string
  readonly keyPath: string
  /** Empty where the key is not encrypted. */
  readonly passphrasePath: string
}

/** A new directory, removed when the owner's tests are over. */
export function scratchDirectory(owner: Owner): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-certificates-'))
  owner.after(() => rmSync(directory, { recursive: true }))
  return directory
}

export function runOpenssl(args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}

/** Writes `NAME.pem` and `NAME-key.pem` into the directory: valid for 30 days, if nothing else is asked for. */
export function makeCertificate(
  directory: string,
  name: string,
  request: CertificateRequest,
): MadeCertificate {
  const {
    commonName,
    keyKind = 'ec',
    passphrase = '',
    names = 'IP:127.0.0.1,IP:::1',
    days = 30,
    issuer,
    isAuthority = issuer === undefined,
  } = request
  const file = (end: string): string => join(directory, `${name}${end}`)
  const [certificatePath, keyPath, requestPath] = [file('.pem'), file('-key.pem'), file('-request.pem')]
  const kind =
    keyKind === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] : ['-newkey', keyKind]
  const protection = passphrase === '' ? ['-nodes'] : ['-passout', `pass:${passphrase}`]
  const subject = ['-subj', `/O=Example/CN=${commonName}`]
  const extensions = [
    ...(names === '' ? [] : ['-addext', `subjectAltName=${names}`]),
    ...(isAuthority ? ['-addext', 'basicConstraints=critical,CA:TRUE'] : []),
  ]
  runOpenssl([
    'req',
    '-new',
    ...kind,
    ...protection,
    ...subject,
    ...extensions,
    '-keyout',
    keyPath,
    '-out',
    requestPath,
  ])
  const keyPassphrase = passphrase === '' ? [] : ['-passin', `pass:${passphrase}`]
  const signer =
    issuer === undefined
      ? ['-signkey', keyPath, ...keyPassphrase]
      : ['-CA', issuer.certificatePath, '-CAkey', issuer.keyPath, '-CAcreateserial']
  const copied = ['-copy_extensions', 'copyall', '-days', String(days)]
  runOpenssl(['x509', '-req', '-in', requestPath, ...signer, ...copied, '-out', certificatePath])
  const passphrasePath = passphrase === '' ? '' : file('-passphrase')
  if (passphrasePath !== '') writeFileSync(passphrasePath, `${passphrase}\n`)
  return { certificatePath, keyPath, passphrasePath }
}

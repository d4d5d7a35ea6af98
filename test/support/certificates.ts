// Certificates for tests, made by the `openssl` program when they are needed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canRun, type Owner } from './child-process.js'

const program = 'openssl'

export const opensslMissing = (): Readonly<Record<string, boolean>> => ({
  'openssl is not installed': !canRun(program, ['version']),
})

export interface CertificateRequest {
  readonly commonName: string
  /** `rsa:2048` if not given. */
  readonly keyKind?: 'rsa:2048' | 'ec'
  /** Encrypts the key. */
  readonly passphrase?: string
}

/** A new directory, removed when the owner's tests are over. */
export function scratchDirectory(owner: Owner): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-certificates-'))
  owner.after(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Writes `NAME.pem` and `NAME-key.pem` into the directory: self-signed, for loopback addresses, valid for a day. */
export function makeCertificate(
  directory: string,
  name: string,
  { commonName, keyKind = 'ec', passphrase = '' }: CertificateRequest,
): { certificatePath: string; keyPath: string; passphrase: string } {
  const certificatePath = join(directory, `${name}.pem`)
  const keyPath = join(directory, `${name}-key.pem`)
  const kind =
    keyKind === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] : ['-newkey', keyKind]
  const protection = passphrase === '' ? ['-nodes'] : ['-passout', `pass:${passphrase}`]
  const subject = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1,IP:::1']
  execFileSync(
    program,
    [
      'req',
      '-x509',
      '-days',
      '1',
      ...kind,
      ...protection,
      ...subject,
      '-keyout',
      keyPath,
      '-out',
      certificatePath,
    ],
    { stdio: 'pipe' },
  )
  return { certificatePath, keyPath, passphrase }
}

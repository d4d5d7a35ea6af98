// Certificates for tests of the configuration, made by the `openssl` program when they are needed.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { canRun } from '../support/child-process.js'

const program = 'openssl'

export const opensslMissing = { 'openssl is not installed': !canRun(program, ['version']) }

export interface CertificateFiles {
  readonly directory: string
  readonly certificatePath: string
  readonly keyPath: string
}

export function runOpenssl(args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}

/** A self-signed certificate of tracker.example, valid for a day from now, with an EC key that is not encrypted. */
export function makeCertificate(directory: string, ...more: readonly string[]): CertificateFiles {
  const files = { directory, certificatePath: join(directory, 'c.pem'), keyPath: join(directory, 'k.pem') }
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const request = ['req', '-x509', '-days', '1', ...kind, '-subj', '/O=Example/CN=tracker.example', ...more]
  runOpenssl([...request, '-keyout', files.keyPath, '-out', files.certificatePath])
  return files
}

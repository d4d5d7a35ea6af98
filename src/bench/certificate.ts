// One self-signed certificate for all contenders that speak TLS, made by the openssl program.

import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificatePaths } from './contender.js'
import { outputOf } from './programs.js'

/** ECDSA P-256, valid for a day. @returns null where there is no openssl: TLS is then not compared */
export async function makeCertificate(directory: string): Promise<CertificatePaths | null> {
  const certificatePath = join(directory, 'certificate.pem')
  const keyPath = join(directory, 'key.pem')
  const made = await outputOf('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', keyPath, '-out', certificatePath],
  ])
  if (made === undefined) return null
  // A tracker that gives its rights up before it reads the key must still be able to.
  await chmod(keyPath, 0o644)
  return { certificatePath, keyPath }
}

// One certificate for every tracker of a run: a signature costs what its key's kind and size cost.
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from './contenders.js'

/** Writes a self-signed certificate for localhost with an ECDSA P-256 key (PKCS #8) into the directory. */
export function writeCertificate(directory: string): Certificate {
  const certificatePath = join(directory, 'certificate.pem')
  const keyPath = join(directory, 'key.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath]
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', certificatePath], { stdio: 'ignore' })
  // A tracker that gives its privileges up before it reads the key must still be able to.
  chmodSync(keyPath, 0o644)
  return { certificatePath, keyPath }
}

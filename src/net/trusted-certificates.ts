// Whom clients of this program believe: the certificates that node itself trusts.

import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { AquaticError, fileReason } from '../errors.js'

/**
 * Certificates in PEM: those that come with node, and those of the file that NODE_EXTRA_CA_CERTS names.
 * @throws AquaticError AQ_CERTIFICATE where that file can't be read
 */
export function trustedCertificates(): readonly string[] {
  const path = process.env['NODE_EXTRA_CA_CERTS'] ?? ''
  if (path === '') return rootCertificates
  try {
    return [...rootCertificates, readFileSync(path, 'latin1')]
  } catch (error) {
    throw new AquaticError(
      'AQ_CERTIFICATE',
      `The certificates of NODE_EXTRA_CA_CERTS, ${path}, can't be read: ${fileReason(error)}.`,
      { remedy: 'give the file of another authority, or unset the variable', cause: error },
    )
  }
}

// The main thread's side of TLS: reads the certificate at start and at each reload, makes sure that it can be served,
// and puts it where the workers see it.

import { randomFillSync } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { StreamNetwork } from '../../config/streams.js'
import { AquaticError, type Doubt } from '../../errors.js'
import {
  type Certificate,
  type CertificateFiles,
  expiryDoubt,
  readCertificate,
} from '../../net/certificate.js'
import type { EngineName } from '../../net/engine.js'
import { TICKET_KEY_BYTES } from '../../net/tls-settings.js'
import type { CertificateExpiry, Reloadable, Reloaded } from '../reload.js'
import { CertificateSlot } from './certificate-slot.js'
import type { WorkerTls } from './worker-data.js'

/** Where a configuration says that certificate and key are. */
export function certificateFilesOf({ network }: { readonly network: StreamNetwork }): CertificateFiles {
  return {
    certificatePath: network.tlsCertificatePath,
    keyPath: network.tlsPrivateKeyPath,
    passphrasePath: network.tlsPrivateKeyPassphrasePath,
  }
}

export class Certificates implements Reloadable {
  readonly what = 'certificate'
  readonly #files: CertificateFiles
  readonly #engine: EngineName
  readonly #slot = new CertificateSlot()
  #served: Certificate | undefined
  /** The same for all workers, so that a session begun with one goes on with another. */
  readonly #ticketKeys = randomFillSync(new Uint8Array(TICKET_KEY_BYTES))

  private constructor(files: CertificateFiles, engine: EngineName) {
    this.#files = files
    this.#engine = engine
  }

  /** @throws AquaticError AQ_CERTIFICATE */
  static async open(files: CertificateFiles, engine: EngineName): Promise<Certificates> {
    const certificates = new Certificates(files, engine)
    await certificates.#load()
    return certificates
  }

  /** For the workers. */
  share(): WorkerTls {
    return { certificate: this.#slot.memory, ticketKeys: this.#ticketKeys }
  }

  /** @throws AquaticError; the old one stays in use */
  async reload(): Promise<Reloaded> {
    const { certificate, change } = await this.#load()
    return { change, found: `valid until ${certificate.validUntil.toISOString()}` }
  }

  doubt(): Doubt | undefined {
    return this.#served && expiryDoubt(this.#files.certificatePath, this.#served.validUntil, new Date())
  }

  expiry(): CertificateExpiry | undefined {
    return this.#served && { path: this.#files.certificatePath, validUntil: this.#served.validUntil }
  }

  async #load(): Promise<{ certificate: Certificate; change: Reloaded['change'] }> {
    const certificate = readCertificate(this.#files, new Date())
    await this.#try(certificate)
    // Read again without a change it is no other: connections with it are not those of an old one.
    const change = isDeepStrictEqual(certificate, this.#served) ? 'unchanged' : 'updated'
    if (change === 'updated') this.#slot.publish(certificate)
    this.#served = certificate
    return { certificate, change }
  }

  /** Workers must not be given what the TLS library refuses. */
  async #try(certificate: Certificate): Promise<void> {
    const options = { certificate, ticketKeys: this.#ticketKeys }
    try {
      if (this.#engine === 'native') {
        const { NativeTls } = await import('../../net/native/tls.js')
        new NativeTls(options).close()
      } else {
        const { NodeTls } = await import('../../net/node/tls.js')
        new NodeTls(options)
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new AquaticError('AQ_CERTIFICATE', `The certificate can't be served: ${reason}.`, {
        remedy: 'check it with `openssl x509 -text -in FILE`',
        cause,
      })
    }
  }
}

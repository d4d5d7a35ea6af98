// The main thread's side of TLS: reads the certificate at start and at each reload, makes sure that it can be served, and
// puts it where the workers see it.

import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { HttpConfig } from '../../config/http.js'
import { AquaticError } from '../../errors.js'
import { type Certificate, readCertificate } from '../../net/certificate.js'
import type { EngineName } from '../../net/engine.js'
import { TICKET_KEY_BYTES } from '../../net/tls-settings.js'
import type { Reloadable } from '../reload.js'
import { CertificateSlot } from './certificate-slot.js'
import type { WorkerTls } from './worker-data.js'

type TlsPaths = Pick<
  HttpConfig['network'],
  'tlsCertificatePath' | 'tlsPrivateKeyPath' | 'tlsPrivateKeyPassphrasePath'
>

export class Certificates implements Reloadable {
  readonly what = 'certificate'
  readonly #paths: TlsPaths
  readonly #engine: EngineName
  readonly #slot = new CertificateSlot()
  /** The same for all workers, so that a session begun with one goes on with another. */
  readonly #ticketKeys = randomFillSync(new Uint8Array(TICKET_KEY_BYTES))

  private constructor(paths: TlsPaths, engine: EngineName) {
    this.#paths = paths
    this.#engine = engine
  }

  /** @throws AquaticError AQ_CERTIFICATE, AQ_ENGINE_UNAVAILABLE where the native engine has no OpenSSL to call */
  static async open(paths: TlsPaths, engine: EngineName): Promise<Certificates> {
    const certificates = new Certificates(paths, engine)
    await certificates.#load()
    return certificates
  }

  /** For the workers. */
  share(): WorkerTls {
    return { certificate: this.#slot.memory, ticketKeys: this.#ticketKeys }
  }

  /** @returns until when the new one is valid @throws AquaticError; the old one stays in use */
  async reload(): Promise<string> {
    const { validUntil } = await this.#load()
    return `valid until ${validUntil.toISOString()}`
  }

  async #load(): Promise<Certificate> {
    const { tlsCertificatePath, tlsPrivateKeyPath, tlsPrivateKeyPassphrasePath } = this.#paths
    const files = {
      certificatePath: tlsCertificatePath,
      keyPath: tlsPrivateKeyPath,
      passphrase: tlsPrivateKeyPassphrasePath === '' ? '' : readPassphrase(tlsPrivateKeyPassphrasePath),
    }
    const certificate = readCertificate(files, new Date())
    await this.#try(certificate)
    this.#slot.publish(certificate)
    return certificate
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

function readPassphrase(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0]
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new AquaticError('AQ_CERTIFICATE', `The passphrase file ${path} can't be read (${code}).`, {
      remedy: 'check network.tls_private_key_passphrase_path and who may read it',
      cause,
    })
  }
}

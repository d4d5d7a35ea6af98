// A certificate in shared memory, so that workers in a loop without messages see a new one: they look at a version.
//
//   [version][length] text of a Certificate as JSON
//
// The version is odd while the text is being written. A worker that reads meanwhile sees the version change and looks
// again at its next turn (a seqlock); certificates change every few weeks.

import { AquaticError } from '../../errors.js'
import type { Certificate } from '../../net/certificate.js'

/** A chain of a dozen certificates and an RSA key of 4096 bits have some 30 KB. */
const TEXT_BYTES_MAX = 256 * 1024
const VERSION = 0
const LENGTH = 1
const HEADER_BYTES = 8

export class CertificateSlot {
  /** Handed to the workers. */
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #text: Uint8Array

  constructor(memory = new SharedArrayBuffer(HEADER_BYTES + TEXT_BYTES_MAX)) {
    this.memory = memory
    this.#words = new Int32Array(memory, 0, 2)
    this.#text = new Uint8Array(memory, HEADER_BYTES)
  }

  /** Changes with every certificate. */
  get version(): number {
    return Atomics.load(this.#words, VERSION)
  }

  /** Puts a certificate there, for one writer. @throws AquaticError AQ_CERTIFICATE if it is too long */
  publish(certificate: Certificate): void {
    const text = new TextEncoder().encode(JSON.stringify(certificate))
    if (text.length > TEXT_BYTES_MAX) {
      throw new AquaticError('AQ_CERTIFICATE', 'The certificate chain is longer than 256 KiB.', {
        remedy: 'leave certificates out of the file that do not belong to the chain',
      })
    }
    Atomics.add(this.#words, VERSION, 1)
    this.#text.set(text)
    Atomics.store(this.#words, LENGTH, text.length)
    Atomics.add(this.#words, VERSION, 1)
  }

  /** @returns the certificate with its version; undefined while one is being written, or before the first */
  read(): { readonly version: number; readonly certificate: Certificate } | undefined {
    const version = this.version
    if (version === 0 || version % 2 !== 0) return undefined
    // Copied: text can't be made from shared memory.
    const text = new TextDecoder().decode(this.#text.slice(0, Atomics.load(this.#words, LENGTH)))
    if (this.version !== version) return undefined
    const certificate = JSON.parse(text) as Certificate
    return { version, certificate: { ...certificate, validUntil: new Date(certificate.validUntil) } }
  }
}

// `aquatic serve http` or `serve ws` with TLS on one loopback port, its certificate in files that a test may replace.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CertificateRequest,
  type MadeCertificate,
  makeCertificate,
  scratchDirectory,
} from './certificates.js'
import type { Owner } from './child-process.js'
import { startTracker, type TrackerOptions, type TrackerProcess } from './tracker-process.js'

type Settings = NonNullable<TrackerOptions['settings']>

/** What makes a tracker speak TLS with these files. */
export function tlsSettings({ certificatePath, keyPath, passphrasePath }: MadeCertificate): Settings {
  return {
    'network.enable_tls': true,
    'network.tls_certificate_path': certificatePath,
    'network.tls_private_key_path': keyPath,
    ...(passphrasePath === '' ? {} : { 'network.tls_private_key_passphrase_path': passphrasePath }),
  }
}

export class TlsTracker {
  readonly directory: string
  /** What the tracker reads. */
  readonly files: MadeCertificate
  tracker!: TrackerProcess

  private constructor(owner: Owner, request: CertificateRequest) {
    this.directory = scratchDirectory(owner)
    this.files = makeCertificate(this.directory, 'served', request)
  }

  static async start(
    owner: Owner,
    engine: 'native' | 'node',
    request: CertificateRequest,
    settings: Settings | ((directory: string) => Settings) = {},
    protocol: 'http' | 'ws' = 'http',
  ): Promise<TlsTracker> {
    const started = new TlsTracker(owner, request)
    const more = typeof settings === 'function' ? settings(started.directory) : settings
    const all = { 'network.engine': engine, socket_workers: 2, ...tlsSettings(started.files), ...more }
    started.tracker = await startTracker(owner, { protocol, families: [4], settings: all })
    return started
  }

  get port(): number {
    return this.tracker.port(4)
  }

  make(name: string, request: Partial<CertificateRequest> = {}): MadeCertificate {
    return makeCertificate(this.directory, name, { commonName: name, ...request })
  }

  /** Puts another certificate where the tracker reads it. */
  replace({ certificatePath, keyPath }: Pick<MadeCertificate, 'certificatePath' | 'keyPath'>): void {
    copyFileSync(certificatePath, this.files.certificatePath)
    copyFileSync(keyPath, this.files.keyPath)
  }

  /** Asks for a reload, and waits for the line that says how the `count`th of this kind went. */
  async reload(said: RegExp, count = 1): Promise<string> {
    this.tracker.process.signal('SIGUSR1')
    return (await this.tracker.process.waitForLines('stdout', said, count))[count - 1]
  }

  file(name: string): string {
    return join(this.directory, name)
  }
}

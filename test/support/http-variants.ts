// The trackers that every HTTP behaviour is shown on: both engines, plain and TLS.

import { after, before } from 'node:test'
import { makeCertificate, opensslMissing, scratchDirectory } from './certificates.js'
import type { Owner } from './child-process.js'
import type { ConnectionOptions, HttpPlace } from './http-connection.js'
import { startTracker, type TrackerOptions, type TrackerProcess } from './tracker-process.js'

export type Settings = NonNullable<TrackerOptions['settings']>

export interface Variant {
  readonly name: string
  readonly engine: 'native' | 'node'
  readonly tls: boolean
}

export const plainVariants: readonly Variant[] = [
  { name: 'native engine', engine: 'native', tls: false },
  { name: 'node engine', engine: 'node', tls: false },
]

const tlsVariants: readonly Variant[] = [
  { name: 'native engine, TLS', engine: 'native', tls: true },
  { name: 'node engine, TLS', engine: 'node', tls: true },
]

/** Without the openssl program there are no certificates to test with. */
export const allVariants: readonly Variant[] = Object.values(opensslMissing()).some(Boolean)
  ? plainVariants
  : [...plainVariants, ...tlsVariants]

/** Starts `serve http` for a variant, or another protocol's tracker if told. */
export async function startHttp(
  owner: Owner,
  { engine, tls }: Variant,
  settings: Settings = {},
  options: TrackerOptions = {},
): Promise<TrackerProcess> {
  const all: Record<string, string | number | boolean> = { 'network.engine': engine, ...settings }
  if (tls) {
    const { certificatePath, keyPath } = makeCertificate(scratchDirectory(owner), 'tracker', {
      commonName: 'tracker',
    })
    all['network.enable_tls'] = true
    all['network.tls_certificate_path'] = certificatePath
    all['network.tls_private_key_path'] = keyPath
  }
  return await startTracker(owner, { protocol: 'http', ...options, settings: all })
}

/** Where a tracker answers over one family. */
export function placeOf(tracker: TrackerProcess, family: 4 | 6 = 4): HttpPlace {
  return { address: family === 4 ? '127.0.0.1' : '::1', port: tracker.port(family) }
}

/** How to connect to a variant. */
export function connectionOptions({ tls }: Variant): ConnectionOptions {
  return { tls }
}

/** Starts a tracker before the tests of a suite and stops it behind them. @returns how to get at it */
export function trackerOfSuite(
  variant: Variant,
  settings: Settings = {},
  options: TrackerOptions = {},
): () => TrackerProcess {
  let tracker: TrackerProcess
  const ends: (() => unknown)[] = []
  before(async () => {
    const owner: Owner = { after: end => ends.push(end as () => unknown) }
    tracker = await startHttp(owner, variant, settings, options)
  })
  after(async () => {
    await tracker?.stop()
    for (const end of ends.reverse()) await end()
  })
  return () => tracker
}

// This tracker as the programs of the interop tests meet it: over UDP, HTTP or WebSocket, with a certificate of
// its own where that goes over TLS.
import { makeCertificate, scratchDirectory } from '../support/certificates.js'
import type { Owner } from '../support/child-process.js'
import { engineMissing } from '../support/requirement.js'
import {
  type Family,
  hasIpv6Loopback,
  startTracker,
  type TrackerOptions,
  type TrackerProcess,
} from '../support/tracker-process.js'

export type Scheme = 'udp' | 'http' | 'https' | 'ws' | 'wss'

/** How clients and tracker meet. */
export type Way = {
  readonly scheme: Scheme
  readonly engine: 'native' | 'node'
  readonly family: Family
}

export type TrackerOnWay = {
  readonly tracker: TrackerProcess
  /** The tracker's certificate, which clients have to trust where it speaks TLS. */
  readonly certificatePath: string | undefined
}

const protocols = { udp: 'udp', http: 'http', https: 'http', ws: 'ws', wss: 'ws' } as const

export function describeWay({ scheme, engine, family }: Way): string {
  return `${engine} engine, ${scheme}, IPv${family}`
}

/** What a machine lacks for it, as reasons to skip. */
export function wayMissing({ engine, family }: Way): Readonly<Record<string, boolean>> {
  return { ...engineMissing(engine), 'this machine has no ::1': family === 6 && !hasIpv6Loopback() }
}

/** Starts a tracker for clients of one address family. */
export async function startTrackerOnWay(
  owner: Owner,
  { scheme, engine, family }: Way,
  settings: TrackerOptions['settings'] = {},
): Promise<TrackerOnWay> {
  const certificate =
    scheme === 'https' || scheme === 'wss'
      ? makeCertificate(scratchDirectory(owner), 'tracker', { commonName: 'localhost' })
      : undefined
  const tls: Record<string, string | boolean> =
    certificate === undefined
      ? {}
      : {
          'network.enable_tls': true,
          'network.tls_certificate_path': certificate.certificatePath,
          'network.tls_private_key_path': certificate.keyPath,
        }
  const tracker = await startTracker(owner, {
    protocol: protocols[scheme],
    families: [family],
    settings: { 'network.engine': engine, ...tls, ...settings },
  })
  return { tracker, certificatePath: certificate?.certificatePath }
}

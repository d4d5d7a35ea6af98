// From what the user wrote to whom a load test asks: names are looked up here.

import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { isNumeric, scrapePathOf, type TargetProtocol, type TargetText } from '../config/target-text.js'
import { AquaticError } from '../errors.js'
import { versionOf } from '../net/address.js'
import type { LoadTarget } from './plan.js'

/** More addresses of one name are not tried. */
const ADDRESSES_MAX = 4

/** Looks up a name; the system's resolver unless told. */
export type LookUp = (name: string) => Promise<readonly { readonly address: string }[]>

const lookUpBySystem: LookUp = name => lookup(name, { all: true, verbatim: true })

/**
 * Numeric addresses of the target's host, in the order in which they are to be tried.
 * @throws AquaticError AQ_TARGET_UNRESOLVED
 */
export async function addressesOf(
  { host }: Pick<TargetText, 'host'>,
  lookUp: LookUp = lookUpBySystem,
): Promise<readonly string[]> {
  if (isNumeric(host)) return [host]
  try {
    const found = await lookUp(host)
    const addresses = [...new Set(found.map(({ address }) => address))]
    if (addresses.length > 0) return addresses.slice(0, ADDRESSES_MAX)
  } catch (error) {
    throw unresolved(host, (error as NodeJS.ErrnoException).code, error)
  }
  throw unresolved(host, 'ENODATA', undefined)
}

function unresolved(host: string, code: string | undefined, cause: unknown): AquaticError {
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: 'there is no such name',
    ENODATA: 'the name has no address',
    EAI_AGAIN: 'the name server does not answer',
  }
  const reason = reasons[code ?? ''] ?? `the resolver says ${code ?? 'nothing more'}`
  return new AquaticError('AQ_TARGET_UNRESOLVED', `The name ${host} does not resolve: ${reason}.`, {
    remedy: 'check its spelling, or give the address itself, such as 192.0.2.1:3000',
    cause,
  })
}

/** What the configuration says about a target beside its text. */
export interface TargetSettings {
  readonly protocol: TargetProtocol
  readonly urlSuffix: string
  readonly verifiesCertificate: boolean
}

/** The target as workers need it. @param address one of `addressesOf` */
export function loadTarget(
  text: TargetText,
  address: string,
  isTls: boolean,
  { protocol, urlSuffix, verifiesCertificate }: TargetSettings,
): LoadTarget {
  const path = `${text.path}${urlSuffix}`
  return {
    url: urlOf(text, isTls, protocol),
    address,
    port: text.port,
    family: versionOf(address),
    hostName: text.host,
    path,
    // A path that no scrape follows from is refused with the configuration, unless nothing is to be scraped.
    scrapePath: `${scrapePathOf(text.path) ?? '/scrape'}${urlSuffix}`,
    isTls,
    verifiesCertificate,
  }
}

/** As it was given, or with the scheme that was left out. */
function urlOf({ text, host, port, path }: TargetText, isTls: boolean, protocol: TargetProtocol): string {
  if (text.includes('://')) return text
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return protocol === 'udp' ? `udp://${authority}` : `${protocol}${isTls ? 's' : ''}://${authority}${path}`
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** Whether the tracker shares this machine's processors, as far as addresses tell. */
export function isOnThisMachine(address: string): boolean {
  if (isLoopback(address)) return true
  return Object.values(networkInterfaces()).some(mine => mine?.some(({ address: own }) => own === address))
}

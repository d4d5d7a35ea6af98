// Sets of networks, such as the proxies that an operator trusts: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`.

import { latin1Bytes } from './ascii.js'
import { IpAddress, parseIp } from './ip-text.js'

interface Network {
  readonly family: number
  /** Words as on the wire; a word is compared under its mask, which lies in the same order. */
  readonly prefix: Int32Array
  readonly mask: Int32Array
}

export class NetworkSet {
  readonly #networks: readonly Network[]

  private constructor(networks: readonly Network[]) {
    this.#networks = networks
  }

  /** @returns undefined if one of the texts is no network (see `networkFault`) */
  static parse(texts: readonly string[]): NetworkSet | undefined {
    const networks: Network[] = []
    for (const text of texts) {
      const network = parseNetwork(text)
      if ('fault' in network) return undefined
      networks.push(network)
    }
    return new NetworkSet(networks)
  }

  /** Whether a network of the set holds the address. Allocates nothing. */
  has(address: IpAddress): boolean {
    const { words, family } = address
    for (let index = 0; index < this.#networks.length; index++) {
      const network = this.#networks[index]
      if (network.family === family && isInside(words, network)) return true
    }
    return false
  }
}

function isInside(words: Int32Array, { prefix, mask }: Network): boolean {
  for (let word = 0; word < 4; word++) {
    if ((words[word] & mask[word]) !== prefix[word]) return false
  }
  return true
}

/** What is wrong with a text that is to be a network; undefined if nothing is. */
export function networkFault(text: string): NetworkFault | undefined {
  const network = parseNetwork(text)
  return 'fault' in network ? network : undefined
}

/** Why a text is no network. */
export interface NetworkFault {
  /** `mapped`: an IPv4 address written as IPv6; `prefix`: longer than an address; `bits`: some behind it are not 0. */
  readonly fault: 'address' | 'mapped' | 'prefix' | 'bits'
  readonly addressBits: number
  readonly prefixBits: number
}

function parseNetwork(text: string): Network | NetworkFault {
  const match = /^([\da-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text)
  const address = new IpAddress()
  const bytes = latin1Bytes(match?.[1] ?? '')
  const isAddress = parseIp(bytes, 0, bytes.length, address)
  const addressBits = address.family === 4 ? 32 : 128
  const prefixBits = match?.[2] === undefined ? addressBits : Number(match[2])
  const faulty = (fault: NetworkFault['fault']): NetworkFault => ({ fault, addressBits, prefixBits })
  if (!isAddress) return faulty('address')
  // Addresses are compared with this one unmapped: it would match none.
  if (isMapped(address)) return faulty('mapped')
  if (prefixBits > addressBits) return faulty('prefix')
  const mask = new Int32Array(4)
  const maskBytes = new Uint8Array(mask.buffer)
  for (let bit = 0; bit < prefixBits; bit++) maskBytes[bit >> 3] |= 0x80 >> (bit & 7)
  const network = { family: address.family, prefix: address.words.slice(), mask }
  return isInside(address.words, network) ? network : faulty('bits')
}

function isMapped({ family, words }: IpAddress): boolean {
  const unmapped = new IpAddress()
  unmapped.family = family
  unmapped.words.set(words)
  unmapped.unmap()
  return unmapped.family !== family
}

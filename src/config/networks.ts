// Lists of addresses and networks as they are written in configuration files: `192.0.2.7, 10.0.0.0/8, 2001:db8::/32`.

import { networkFault } from '../protocol/http/cidr.js'

/** The entries of a list with commas between them; an empty list has none. */
export function networkList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map(entry => entry.trim())
}

/** What is wrong with an entry, as the end of a sentence that begins with it; undefined if nothing is. */
export function networkProblem(entry: string): string | undefined {
  const found = networkFault(entry)
  switch (found?.fault) {
    case undefined:
      return undefined
    case 'address':
      return 'is no IP address or network such as "192.0.2.7" or "10.0.0.0/8"'
    case 'mapped':
      return 'is an IPv4 address written as IPv6: write the IPv4 one'
    case 'prefix':
      return `has more than ${found?.addressBits} bits behind the slash`
    case 'bits':
      return `has bits behind the first ${found?.prefixBits}, which must be 0`
  }
}

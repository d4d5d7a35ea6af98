// Whether a client takes gzip (RFC 9110 section 12.5.3). For the rare answers that are worth it: it allocates.

/**
 * @param value of the header `Accept-Encoding`; several instances joined by commas, empty if there is none
 * @returns true if gzip may be sent: it is named, or `*` is and gzip is not refused
 */
export function acceptsGzip(value: string): boolean {
  let wildcard = false
  let gzip: boolean | undefined
  for (const item of value.toLowerCase().split(',')) {
    const [coding, ...parameters] = item.split(';').map(part => part.trim())
    const isWanted = !parameters.some(parameter => /^q\s*=\s*0(\.0{0,3})?$/.test(parameter))
    if (coding === 'gzip' || coding === 'x-gzip') gzip = (gzip ?? true) && isWanted
    else if (coding === '*') wildcard = isWanted
  }
  return gzip ?? wildcard
}

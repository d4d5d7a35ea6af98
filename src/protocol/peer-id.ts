// Which program a peer id (BEP 20) belongs to. Names and version rules are those of the reference, so that figures and
// dashboards keep their labels. Pure; a peer id is 20 bytes of the client's own choice, so anything may be in it.

/** `-qB4520-`: two letters, three digits, one digit or letter; the closing dash is not required. */
const azureusStyle = /^-([A-Za-z]{2})(\d{3}[\dA-Za-z])/

/** `M7-11-0-`: one letter, then digits and dashes. */
const mainlineStyle = /^([A-Za-z])([\d-]{6})-/

/** Everything up to the last dash of a readable beginning. */
const readableBeginning = /^([A-Za-z\d-]+)-/

/** How many first bytes always decide in the first two styles. */
export const PEER_ID_PREFIX_BYTES = 8

type VersionRule = (version: string) => string

/** `3550` -> `3.5.50`, `123s` -> `1.2.3 stable`. */
const withSuffix: VersionRule = ([major, minor, patch, suffix]) =>
  `${major}.${minor}.${patch}${suffixWords[suffix.toLowerCase()] ?? suffix}`

const suffixWords: Readonly<Record<string, string>> = {
  d: ' dev',
  a: ' alpha',
  b: ' beta',
  r: ' rc',
  s: ' stable',
}

const libtorrent: VersionRule = ([v1, v2, v3, v4]) => `${v1}.${v2}${v3}.${v4}`

/** `0102` -> `1.2`, `1324` -> `13.24`. */
const twoNumbers: VersionRule = ([v1, v2, v3, v4]) =>
  `${v1 === '0' ? '' : v1}${v2}.${v3 === '0' ? '' : v3}${v4}`

const transmission: VersionRule = version => {
  const [v1, v2, v3, v4] = version
  if (version.startsWith('000')) return `0.${v4}`
  if (version.startsWith('00')) return `0.${v3}${v4}`
  return `${v1}.${v2}${v3}`
}

/** Two-letter codes of the Azureus style, as a map: a code is the client's text, `__proto__` must not be found. */
const programs: ReadonlyMap<string, readonly [name: string, version: VersionRule]> = new Map([
  ['AZ', ['Vuze', ([v1, v2, v3, v4]) => `${v1}.${v2}.${v3}.${v4}`]],
  ['BT', ['BitTorrent', withSuffix]],
  ['DE', ['Deluge', withSuffix]],
  ['lt', ['lt (rakshasa)', libtorrent]],
  ['LT', ['lt (rasterbar)', libtorrent]],
  ['qB', ['QBitTorrent', ([v1, v2, v3]) => `${v1}.${v2}.${v3}`]],
  ['TR', ['Transmission', transmission]],
  ['UE', ['µTorrent Emb.', withSuffix]],
  ['UM', ['µTorrent Mac', withSuffix]],
  ['UT', ['µTorrent', withSuffix]],
  ['UW', ['µTorrent Web', withSuffix]],
  ['WD', ['WebTorrent Desktop', twoNumbers]],
  ['WW', ['WebTorrent', twoNumbers]],
])

export interface PeerIdClient {
  /** `QBitTorrent 4.5.2`, `Other (XX) (1234)`, `Other (S3)`, `Other`. */
  readonly name: string
  /** Whether every peer id with the same first 8 bytes has this name. */
  readonly isDecidedByPrefix: boolean
}

/** @param peerId its 20 bytes as latin1 text, one character for each byte */
export function clientOfPeerId(peerId: string): PeerIdClient {
  const azureus = azureusStyle.exec(peerId)
  if (azureus !== null) {
    const [, code, version] = azureus
    const program = programs.get(code)
    const name =
      program === undefined ? `Other (${code}) (${version})` : `${program[0]} ${program[1](version)}`
    return { name, isDecidedByPrefix: true }
  }
  const mainline = mainlineStyle.exec(peerId)
  if (mainline !== null) return { name: mainlineName(mainline[1], mainline[2]), isDecidedByPrefix: true }
  const readable = readableBeginning.exec(peerId)
  return { name: readable === null ? 'Other' : `Other (${readable[1]})`, isDecidedByPrefix: false }
}

/** `7-2-3-` -> `7.2.3`, `7-11-0` -> `7.11.0`; other shapes and other letters stay raw. */
function mainlineName(letter: string, version: string): string {
  const parts = /^(.)-(.)-(.)-$/.exec(version) ?? /^(.)-(..)-(.)$/.exec(version)
  return letter === 'M' && parts !== null
    ? `Mainline ${parts.slice(1).join('.')}`
    : `Other (${letter}) (${version})`
}

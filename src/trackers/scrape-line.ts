// A line of a full scrape export, as the reference writes it: `{4|6} {info hash in lower case} {seeders} {leechers}\n`.

/** Digit, 40 digits, two counts of at most 10 digits, three spaces, line end. */
export const SCRAPE_LINE_BYTES_MAX = 1 + 1 + 40 + 1 + 10 + 1 + 10 + 1

const SPACE = 0x20
const LINE_END = 0x0a
const DIGIT_ZERO = 0x30

const hexDigits = Uint8Array.from('0123456789abcdef', digit => digit.charCodeAt(0))

/**
 * Writes a line at `at`; there must be room for `SCRAPE_LINE_BYTES_MAX`. Called for millions of torrents, each under a
 * lock: plain stores, nothing allocated. Words of the info hash are as in `Announce`. @returns the place after the line
 */
export function writeScrapeLine(
  out: Uint8Array,
  at: number,
  ipVersion: 4 | 6,
  hash0: number,
  hash1: number,
  hash2: number,
  hash3: number,
  hash4: number,
  seeders: number,
  leechers: number,
): number {
  out[at] = DIGIT_ZERO + ipVersion
  out[at + 1] = SPACE
  writeWord(out, at + 2, hash0)
  writeWord(out, at + 10, hash1)
  writeWord(out, at + 18, hash2)
  writeWord(out, at + 26, hash3)
  writeWord(out, at + 34, hash4)
  out[at + 42] = SPACE
  const afterSeeders = writeNumber(out, at + 43, seeders)
  out[afterSeeders] = SPACE
  const afterLeechers = writeNumber(out, afterSeeders + 1, leechers)
  out[afterLeechers] = LINE_END
  return afterLeechers + 1
}

/** Four bytes as on the wire: the lowest first. */
function writeWord(out: Uint8Array, at: number, word: number): void {
  out[at] = hexDigits[(word >>> 4) & 15]
  out[at + 1] = hexDigits[word & 15]
  out[at + 2] = hexDigits[(word >>> 12) & 15]
  out[at + 3] = hexDigits[(word >>> 8) & 15]
  out[at + 4] = hexDigits[(word >>> 20) & 15]
  out[at + 5] = hexDigits[(word >>> 16) & 15]
  out[at + 6] = hexDigits[word >>> 28]
  out[at + 7] = hexDigits[(word >>> 24) & 15]
}

function writeNumber(out: Uint8Array, at: number, value: number): number {
  let digits = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
  let rest = value
  for (let place = at + digits - 1; place >= at; place--) {
    out[place] = DIGIT_ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return at + digits
}

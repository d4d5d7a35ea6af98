// Reads an access list: one info hash of 40 hexadecimal digits per line. Lines are trimmed, blank lines and what
// follows a `#` are skipped, a byte order mark and CRLF are accepted. A bad line fails the whole list: half a block
// list is none.
//
// The file is read twice: first to find the bad line and to count, then to fill a list of exactly that size. So a bad
// file costs no memory, however long it is, and comments cost none either.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { AquaticError, fileReason } from '../errors.js'
import { AccessList } from './access-list.js'

const chunkBytes = 1 << 20
const hashDigits = 40
/** A hash and CRLF. */
const wholeLineBytes = 42

const tab = 0x09
const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const numberSign = 0x23

const LineState = { beforeHash: 0, inHash: 1, afterHash: 2, comment: 3 } as const

/** Value of each hexadecimal digit by its byte; -1 for all other bytes. */
const digitValues = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(digit) ? -1 : digit
})

/**
 * Reads the regular file at `path` into a list; 10 million hashes take a few seconds, and the calling thread.
 * `listFor` makes the empty list when the number of hashes is known.
 * Throws AQ_ACCESS_LIST naming file and line of the first bad line, or why the file can't be read.
 */
export function readAccessList(
  path: string,
  listFor: (hashes: number) => AccessList = AccessList.empty,
): AccessList {
  let descriptor: number
  try {
    // Without O_NONBLOCK the opening of a pipe would wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw unreadable(path, fileReason(cause), cause)
  }
  try {
    const before = fstatSync(descriptor, { bigint: true })
    if (!before.isFile()) throw unreadable(path, `it is ${kindOf(before)}, not a regular file`)
    const bytes = Number(before.size)
    const counted = parseFile(descriptor, bytes, new AccessListParser(path, null))
    const list = listFor(counted.hashes)
    const filled = parseFile(descriptor, bytes, new AccessListParser(path, list))
    // Two changes within a tick of the clock of files, some milliseconds, have one time on kernels before 6.13.
    const isAsCounted = filled.hashes === counted.hashes && filled.checksum === counted.checksum
    if (!isAsCounted || hasChanged(before, fstatSync(descriptor, { bigint: true })))
      throw changedMeanwhile(path)
    return list
  } catch (cause) {
    throw cause instanceof AquaticError ? cause : unreadable(path, fileReason(cause), cause)
  } finally {
    closeSync(descriptor)
  }
}

/** Parses the first `bytes` bytes of a file, and no more: one that grows must not be read for ever. */
function parseFile(descriptor: number, bytes: number, parser: AccessListParser): AccessListParser {
  const chunk = new Uint8Array(Math.min(chunkBytes, bytes))
  for (let position = 0; position < bytes; ) {
    const length = readSync(descriptor, chunk, 0, Math.min(chunk.length, bytes - position), position)
    if (length === 0) break
    parser.feed(chunk, length)
    position += length
  }
  parser.finish()
  return parser
}

function hasChanged(before: BigIntStats, after: BigIntStats): boolean {
  return before.size !== after.size || before.mtimeNs !== after.mtimeNs
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a pipe'
  return 'a device or socket'
}

/** Parses a list that comes in chunks of bytes. */
export class AccessListParser {
  /** Hashes so far, each as often as it occurs. */
  hashes = 0
  /** Of all hashes so far, in their order: by chance, two lists have the same once in 2^32. */
  checksum = 0
  private readonly name: string
  private readonly list: AccessList | null
  private readonly hash = new Int32Array(5)
  private state: number = LineState.beforeHash
  private digits = 0
  private line = 1
  /** Bytes of the byte order mark that may still come: it is a prefix of the file, nothing else. */
  private markIndex = 0

  /** `name` stands in errors; hashes go to `list`, or are only counted. */
  constructor(name: string, list: AccessList | null) {
    this.name = name
    this.list = list
  }

  /** Takes the next `length` bytes. Throws AQ_ACCESS_LIST at the first bad line. */
  feed(bytes: Uint8Array, length: number): void {
    let index = this.skipMark(bytes, length)
    while (index < length) {
      if (this.state === LineState.comment) {
        const end = bytes.indexOf(lineFeed, index)
        if (end < 0 || end >= length) return
        index = end
      } else if (this.state === LineState.beforeHash && length - index >= wholeLineBytes) {
        const taken = this.takeWholeLine(bytes, index)
        index += taken
        if (taken > 0) continue
      }
      this.take(bytes[index]!)
      index++
    }
  }

  /** Ends the last line. */
  finish(): void {
    if (this.markIndex === 1 || this.markIndex === 2) {
      throw this.badLine(byteText(byteOrderMark[0]!))
    }
    this.endHash()
  }

  private skipMark(bytes: Uint8Array, length: number): number {
    let index = 0
    while (this.markIndex < 3 && index < length) {
      if (bytes[index] !== byteOrderMark[this.markIndex]) {
        if (this.markIndex > 0) {
          throw this.badLine(byteText(byteOrderMark[0]!))
        }
        this.markIndex = 3
        break
      }
      this.markIndex++
      index++
    }
    return index
  }

  /**
   * Takes a line that is a hash from end to end, as nearly all are: ten times as fast as byte by byte.
   * Returns its bytes, or 0, and nothing is taken, where the line is any other.
   */
  private takeWholeLine(bytes: Uint8Array, index: number): number {
    const ending = bytes[index + hashDigits]!
    const isCrlf = ending === carriageReturn && bytes[index + hashDigits + 1] === lineFeed
    if (ending !== lineFeed && !isCrlf) return 0
    const { hash } = this
    let anyBad = 0
    for (let word = 0; word < 5; word++) {
      const at = index + word * 8
      const byte0 = (digitValues[bytes[at]!]! << 4) | digitValues[bytes[at + 1]!]!
      const byte1 = (digitValues[bytes[at + 2]!]! << 4) | digitValues[bytes[at + 3]!]!
      const byte2 = (digitValues[bytes[at + 4]!]! << 4) | digitValues[bytes[at + 5]!]!
      const byte3 = (digitValues[bytes[at + 6]!]! << 4) | digitValues[bytes[at + 7]!]!
      anyBad |= byte0 | byte1 | byte2 | byte3
      hash[word] = byte0 | (byte1 << 8) | (byte2 << 16) | (byte3 << 24)
    }
    if (anyBad < 0) {
      hash.fill(0)
      return 0
    }
    this.addHash()
    this.line++
    return isCrlf ? wholeLineBytes : wholeLineBytes - 1
  }

  private take(byte: number): void {
    if (byte === lineFeed) {
      this.endHash()
      this.state = LineState.beforeHash
      this.line++
    } else if (isBlank(byte)) {
      if (this.state === LineState.inHash) {
        this.state = LineState.afterHash
      }
    } else if (byte === numberSign) {
      this.endHash()
      this.state = LineState.comment
    } else {
      this.takeDigit(byte)
    }
  }

  private takeDigit(byte: number): void {
    const value = digitValues[byte]!
    const isAfterHash = this.state === LineState.afterHash
    if (this.digits === hashDigits && (isAfterHash || value < 0)) {
      throw this.badLine('more text after it', 'Put # before that text, or remove it.')
    }
    if (value < 0) {
      throw this.badLine(byteText(byte))
    }
    if (isAfterHash) {
      throw this.badLine('two words')
    }
    if (this.digits === hashDigits) {
      throw this.badLine(`more than ${hashDigits}`)
    }
    this.state = LineState.inHash
    // Words as a little-endian load of the 20 bytes gives them; the first digit of a byte is its high one.
    const word = this.digits >>> 3
    const shift = (this.digits & 6) * 4 + (this.digits & 1 ? 0 : 4)
    this.hash[word] = this.hash[word]! | (value << shift)
    this.digits++
  }

  private endHash(): void {
    if (this.digits === 0) {
      return
    }
    if (this.digits !== hashDigits) {
      throw this.badLine(`${this.digits}`)
    }
    this.addHash()
    this.digits = 0
  }

  private addHash(): void {
    const { hash, list } = this
    const words = hash[0]! ^ hash[1]! ^ hash[2]! ^ hash[3]! ^ hash[4]!
    this.checksum = (Math.imul(this.checksum, 31) + words) | 0
    this.hashes++
    if (list !== null) {
      if (!list.hasRoom) throw changedMeanwhile(this.name)
      list.add(hash[0]!, hash[1]!, hash[2]!, hash[3]!, hash[4]!)
    }
    hash.fill(0)
  }

  private badLine(
    found: string,
    remedy = 'Correct or remove the line. Blank lines and lines beginning with # are allowed.',
  ): AquaticError {
    return new AquaticError(
      'AQ_ACCESS_LIST',
      `${this.name}:${this.line}: expected an info hash of 40 hexadecimal digits, found ${found}`,
      { remedy },
    )
  }
}

const byteOrderMark = [0xef, 0xbb, 0xbf]

function isBlank(byte: number): boolean {
  return byte === space || (byte >= tab && byte <= carriageReturn)
}

/** A byte that does not belong, as a person can read it; control characters never reach a terminal. */
function byteText(byte: number): string {
  const isPrintable = byte > space && byte < 0x7f
  return isPrintable
    ? `"${String.fromCharCode(byte)}"`
    : `a byte of value 0x${byte.toString(16).padStart(2, '0')}`
}

function changedMeanwhile(path: string): AquaticError {
  return new AquaticError('AQ_ACCESS_LIST', `The access list ${path} was changed while it was read.`, {
    remedy: 'Write the new list to another file beside it, rename that, and ask for a reload then.',
  })
}

function unreadable(path: string, reason: string, cause?: unknown): AquaticError {
  return new AquaticError('AQ_ACCESS_LIST', `Could not read the access list ${path}: ${reason}.`, {
    remedy: 'Check access_list.path and the rights of the file.',
    cause,
  })
}

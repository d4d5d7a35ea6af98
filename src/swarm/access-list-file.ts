// Reads an access list: one info hash of 40 hexadecimal digits per line. Lines are trimmed, blank lines and what
// follows a `#` are skipped, a byte order mark and CRLF are accepted. A bad line fails the whole list: half a block
// list is none.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { AquaticError } from '../errors.js'
import { AccessList } from './access-list.js'

const chunkBytes = 1 << 20
/** 40 digits and a line feed. */
const lineBytesMin = 41
const hashDigits = 40

const tab = 0x09
const lineFeed = 0x0a
const space = 0x20
const numberSign = 0x23

const LineState = { beforeHash: 0, inHash: 1, afterHash: 2, comment: 3 } as const

/**
 * Reads the file at `path` (a pipe works too) into a new list; 10 million hashes take a few seconds.
 * Throws AQ_ACCESS_LIST naming file and line of the first bad line, or why the file can't be read.
 */
export function readAccessList(path: string): AccessList {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
  try {
    const parser = new AccessListParser(path, Math.ceil(fstatSync(descriptor).size / lineBytesMin))
    const chunk = new Uint8Array(chunkBytes)
    for (;;) {
      const length = readSync(descriptor, chunk, 0, chunkBytes, null)
      if (length === 0) {
        return parser.finish()
      }
      parser.feed(chunk, length)
    }
  } catch (cause) {
    throw cause instanceof AquaticError ? cause : unreadable(path, cause)
  } finally {
    closeSync(descriptor)
  }
}

/** Parses a list that comes in chunks of bytes. `name` stands in errors, `expectedHashes` sizes the list. */
export class AccessListParser {
  private readonly name: string
  private list: AccessList
  private readonly hash = new Int32Array(5)
  private state: number = LineState.beforeHash
  private digits = 0
  private line = 1
  /** Bytes of the byte order mark that may still come: it is a prefix of the file, nothing else. */
  private markIndex = 0

  constructor(name: string, expectedHashes: number) {
    this.name = name
    this.list = AccessList.empty(expectedHashes)
  }

  feed(bytes: Uint8Array, length: number): void {
    let index = this.skipMark(bytes, length)
    for (; index < length; index++) {
      this.take(bytes[index]!)
    }
  }

  /** Ends the last line and returns the list. */
  finish(): AccessList {
    if (this.markIndex === 1 || this.markIndex === 2) {
      throw this.badLine()
    }
    this.take(lineFeed)
    return this.list
  }

  private skipMark(bytes: Uint8Array, length: number): number {
    let index = 0
    while (this.markIndex < 3 && index < length) {
      if (bytes[index] !== byteOrderMark[this.markIndex]) {
        if (this.markIndex > 0) {
          throw this.badLine()
        }
        this.markIndex = 3
        break
      }
      this.markIndex++
      index++
    }
    return index
  }

  private take(byte: number): void {
    if (byte === lineFeed) {
      this.endLine()
    } else if (this.state === LineState.comment) {
      return
    } else if (isBlank(byte)) {
      if (this.state === LineState.inHash) {
        this.state = LineState.afterHash
      }
    } else if (byte === numberSign) {
      this.endHash()
      this.state = LineState.comment
    } else {
      this.takeDigit(digitValue(byte))
    }
  }

  private takeDigit(value: number): void {
    if (value < 0 || this.digits === hashDigits || this.state === LineState.afterHash) {
      throw this.badLine()
    }
    this.state = LineState.inHash
    // Words as a little-endian load of the 20 bytes gives them; the first digit of a byte is its high one.
    const word = this.digits >>> 3
    const shift = (this.digits & 6) * 4 + (this.digits & 1 ? 0 : 4)
    this.hash[word] = this.hash[word]! | (value << shift)
    this.digits++
  }

  private endLine(): void {
    this.endHash()
    this.state = LineState.beforeHash
    this.line++
  }

  private endHash(): void {
    if (this.digits === 0) {
      return
    }
    if (this.digits !== hashDigits) {
      throw this.badLine()
    }
    if (!this.list.hasRoom) {
      this.list = this.list.grown()
    }
    const { hash } = this
    this.list.add(hash[0]!, hash[1]!, hash[2]!, hash[3]!, hash[4]!)
    hash.fill(0)
    this.digits = 0
  }

  private badLine(): AquaticError {
    return new AquaticError(
      'AQ_ACCESS_LIST',
      `${this.name}:${this.line}: expected an info hash of 40 hexadecimal digits`,
      { remedy: 'Correct or remove the line. Blank lines and lines beginning with # are allowed.' },
    )
  }
}

const byteOrderMark = [0xef, 0xbb, 0xbf]

function isBlank(byte: number): boolean {
  return byte === space || (byte >= tab && byte <= 0x0d)
}

function digitValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30
  }
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function unreadable(path: string, cause: unknown): AquaticError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AquaticError('AQ_ACCESS_LIST', `Could not read the access list ${path}: ${reason}.`, {
    remedy: 'Check access_list.path and the rights of the file.',
    cause,
  })
}

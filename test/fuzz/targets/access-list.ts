// Access lists: against lines and a regular expression, whatever the pieces in which the file is read.

import assert from 'node:assert/strict'
import { AquaticError } from '../../../src/errors.js'
import { AccessList } from '../../../src/swarm/access-list.js'
import { AccessListParser } from '../../../src/swarm/access-list-file.js'
import { cutsOf, type FuzzTarget, latin1 } from '../target.js'

/** The hashes in lower case, each once; or the number of the first line that is wrong. */
function expectedOf(bytes: Uint8Array): ReadonlySet<string> | number {
  const hashes = new Set<string>()
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.replace(/#.*$/s, '').replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')
    if (content === '') continue
    if (!/^[0-9a-fA-F]{40}$/.test(content)) return index + 1
    hashes.add(content.toLowerCase())
  }
  return hashes
}

/** Feeds a parser through one piece of memory, in which older bytes stand behind a short piece, as the reader does. */
function feed(parser: AccessListParser, bytes: Uint8Array, cuts: readonly number[]): void {
  const memory = new Uint8Array(bytes.length + 64).fill(0x61)
  let start = 0
  for (const cut of [...cuts, bytes.length]) {
    memory.set(bytes.subarray(start, cut))
    parser.feed(memory, cut - start)
    start = cut
  }
  parser.finish()
}

/** The list, or the line that the error names. */
function parse(bytes: Uint8Array, cuts: readonly number[]): AccessList | number {
  try {
    const counter = new AccessListParser('list', null)
    feed(counter, bytes, cuts)
    const list = AccessList.empty(counter.hashes)
    feed(new AccessListParser('list', list), bytes, cuts)
    return list
  } catch (error) {
    assert.ok(error instanceof AquaticError && error.code === 'AQ_ACCESS_LIST', String(error))
    const line = /^list:(\d+): [\x20-\x7e]+$/.exec(error.message)
    assert.ok(line !== null, error.message)
    return Number(line[1])
  }
}

function run(bytes: Uint8Array): string {
  const expected = expectedOf(bytes)
  for (const cuts of [[], cutsOf(bytes)]) {
    const found = parse(bytes, cuts)
    if (typeof expected === 'number' || typeof found === 'number') {
      assert.equal(found, expected)
      continue
    }
    assert.equal(found.size, expected.size)
    for (const hash of expected) {
      const hashBytes = Buffer.from(hash, 'hex')
      const [word0, word1, word2, word3, word4] = [0, 4, 8, 12, 16].map(at => hashBytes.readInt32LE(at))
      assert.ok(found.contains(word0!, word1!, word2!, word3!, word4!), hash)
    }
  }
  return typeof expected === 'number' ? `line ${Math.min(expected, 9)}` : `${expected.size} hashes`
}

const hashes = ['0123456789abcdefABCDEF0123456789abcdefAB', '0'.repeat(40), 'f'.repeat(40), 'E5'.repeat(20)]

export const accessList: FuzzTarget = {
  name: 'access-list',
  seeds: [
    hashes.join('\n'),
    `\xef\xbb\xbf${hashes.join('\r\n')}\r\n`,
    `# a list\n\n  ${hashes[0]} # why\n\t${hashes[1]}\n#${hashes[2]}\n${hashes[3]}#x`,
    `${hashes[0]}\n${hashes[0]}\nnone\n`,
  ].map(latin1),
  dictionary: [
    ...[
      '\n',
      '\r\n',
      '\r',
      ' ',
      '\t',
      '\x0b',
      '#',
      '\xef\xbb\xbf',
      '\xef\xbb',
      '\0',
      'g',
      '0',
      `${hashes[1]}\n`,
    ],
    ...[hashes[0]!, `${hashes[2]}\r\n`, '0'.repeat(39), '0'.repeat(41)],
  ].map(latin1),
  bytesMax: 2000,
  run,
}

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { AccessList } from '../../src/swarm/access-list.js'
import { AccessListParser, readAccessList } from '../../src/swarm/access-list-file.js'

type Hash = [number, number, number, number, number]

const hexHash = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map(bytes => Buffer.from(bytes).toString('hex'))
const blank = fc.constantFrom('', ' ', '\t', '  ')

function wordsOf(hex: string): Hash {
  const bytes = Buffer.from(hex, 'hex')
  return [0, 4, 8, 12, 16].map(offset => bytes.readInt32LE(offset)) as Hash
}

function parse(text: string, chunkBytes: number): AccessList {
  const bytes = Buffer.from(text)
  const parser = new AccessListParser('list.txt', 0)
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    const chunk = bytes.subarray(start, start + chunkBytes)
    parser.feed(chunk, chunk.length)
  }
  return parser.finish()
}

test('what was listed is contained, in any case, spacing, line ending and chunking', () => {
  const line = fc.tuple(hexHash, fc.boolean(), blank, blank, fc.constantFrom('', ' # why', '#'))
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 60 }),
      fc.array(hexHash, { maxLength: 20 }),
      fc.constantFrom('\n', '\r\n', '\n\n', '\n# note\n', '\n  #\r\n'),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 100 }),
      (lines, others, ending, hasMark, endsOpen, chunkBytes) => {
        const text = lines
          .map(
            ([hex, isUpper, before, after, note]) =>
              before + (isUpper ? hex.toUpperCase() : hex) + after + note,
          )
          .join(ending)
        const list = parse((hasMark ? '\ufeff' : '') + text + (endsOpen ? '' : ending), chunkBytes)
        const expected = new Set(lines.map(([hex]) => hex))
        assert.equal(list.size, expected.size)
        const shared = new AccessList(list.memory)
        for (const hex of [...expected, ...others]) {
          assert.equal(shared.contains(...wordsOf(hex)), expected.has(hex))
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('the all-zero hash is a hash like any other', () => {
  const zeros = '0'.repeat(40)
  assert.equal(parse('', 1).contains(0, 0, 0, 0, 0), false)
  const list = parse(`${zeros}\n${zeros}\n`, 1000)
  assert.equal(list.size, 1)
  assert.equal(list.contains(0, 0, 0, 0, 0), true)
  assert.equal(list.grown().contains(0, 0, 0, 0, 0), true)
})

test('modes: off allows all, allow only the listed, deny the others', () => {
  const list = parse('11'.repeat(20), 1000)
  const listed = wordsOf('11'.repeat(20))
  const other = wordsOf('22'.repeat(20))
  assert.deepEqual([list.allows('off', ...listed), list.allows('off', ...other)], [true, true])
  assert.deepEqual([list.allows('allow', ...listed), list.allows('allow', ...other)], [true, false])
  assert.deepEqual([list.allows('deny', ...listed), list.allows('deny', ...other)], [false, true])
})

test('a bad line fails the list and is named', () => {
  const good = 'ab'.repeat(20)
  const bad = [
    `${good}0`,
    good.slice(1),
    `${good} ${good}`,
    `${good.slice(1)}g`,
    `${good.slice(0, 20)} ${good.slice(20)}`,
  ]
  bad.push(`${good}:`, 'hash', `-${good}`, '\u{feff}x', `${good.slice(0, 39)}#`)
  for (const line of bad) {
    for (const end of ['', '\n', '\r\n']) {
      assert.throws(() => parse(`${good}\n\n# x\n${line}${end}`, 7), {
        code: 'AQ_ACCESS_LIST',
        message: /^list\.txt:4: expected an info hash/,
      })
    }
  }
  assert.throws(() => parse('\u{feff}'.repeat(2) + good, 100), { code: 'AQ_ACCESS_LIST', message: /:1:/ })
})

test('files are read, and unreadable ones are said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aquatic-access-list-'))
  try {
    const path = join(folder, 'list')
    // More than two chunks of the reader, so hashes lie across their borders.
    const hashes = Array.from({ length: 60_000 }, (_, index) =>
      (index + 2 ** 24).toString(16).padStart(40, 'e'),
    )
    writeFileSync(path, hashes.join('\n'))
    const list = readAccessList(path)
    assert.equal(list.size, hashes.length)
    assert.ok(hashes.every(hex => list.contains(...wordsOf(hex))))
    assert.ok(list.memory.buffer.byteLength <= 40 * hashes.length)
    assert.throws(() => readAccessList(join(folder, 'none')), { code: 'AQ_ACCESS_LIST', message: /none/ })
    assert.throws(() => readAccessList(folder), { code: 'AQ_ACCESS_LIST' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

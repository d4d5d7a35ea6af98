import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
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

function feed(parser: AccessListParser, bytes: Uint8Array, chunkBytes: number): void {
  // As the reader does: one chunk of memory, in which what was read before stands behind a short piece.
  const chunk = new Uint8Array(chunkBytes)
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    const piece = bytes.subarray(start, start + chunkBytes)
    chunk.set(piece)
    parser.feed(chunk, piece.length)
  }
  parser.finish()
}

/** Both passes of the reader: count, then fill a list that has room for no more. */
function parse(text: string, chunkBytes: number): AccessList {
  const bytes = Buffer.from(text)
  const counter = new AccessListParser('list.txt', null)
  feed(counter, bytes, chunkBytes)
  const list = AccessList.empty(counter.hashes)
  feed(new AccessListParser('list.txt', list), bytes, chunkBytes)
  return list
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'aquatic-access-list-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const hashOf = (number: number): string => number.toString(16).padStart(40, 'e')

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

test('what is wrong with a line is said', () => {
  const good = 'ab'.repeat(20)
  const found = {
    [good.slice(1)]: 'found 39',
    [`${good}0`]: 'found more than 40',
    [`${good.slice(1)}g`]: 'found "g"',
    [`${good.slice(20)} ${good.slice(20)}`]: 'found two words',
    [`${good} some name`]: 'found more text after it',
    [`${good} ${good}`]: 'found more text after it',
    [`${good};name`]: 'found more text after it',
    [`${good.slice(1)}\u001b`]: 'found a byte of value 0x1b',
    ['\u0000'.repeat(50)]: 'found a byte of value 0x00',
  }
  for (const [line, what] of Object.entries(found)) {
    for (const end of ['', '\n', '\r\n']) {
      const message = `list.txt:2: expected an info hash of 40 hexadecimal digits, ${what}`
      assert.throws(() => parse(`${good}\n${line}${end}`, 1000), { code: 'AQ_ACCESS_LIST', message })
    }
  }
})

test('what is to be done about text behind a hash is said, and works', () => {
  const good = 'ab'.repeat(20)
  const remedy = 'Put # before that text, or remove it.'
  assert.throws(() => parse(`${good} name`, 1000), { code: 'AQ_ACCESS_LIST', remedy })
  assert.equal(parse(`${good} # name`, 1000).size, 1)
  assert.equal(parse(`${good}#name`, 1000).size, 1)
})

test('files are read, at no more than 40 bytes for each hash', t => {
  const path = join(scratch(t), 'list')
  // More than two chunks of the reader, so hashes lie across their borders.
  const hashes = Array.from({ length: 60_000 }, (_, index) => hashOf(index + 2 ** 24))
  for (const ending of ['\n', '\r\n']) {
    writeFileSync(path, hashes.join(ending) + ending.repeat(1000) + '# note\n'.repeat(100_000))
    const list = readAccessList(path)
    assert.equal(list.size, hashes.length)
    assert.ok(hashes.every(hex => list.contains(...wordsOf(hex))))
    assert.ok(list.memory.buffer.byteLength <= 40 * hashes.length)
  }
})

test('what can not be read is said', t => {
  const folder = scratch(t)
  const refused = (path: string, message: RegExp): void =>
    assert.throws(() => readAccessList(path), { code: 'AQ_ACCESS_LIST', message })
  refused(join(folder, 'none'), /none: there is no such file\.$/)
  refused(folder, /: it is a directory, not a regular file\.$/)
  refused('/dev/zero', /: it is a device or socket, not a regular file\.$/)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  refused(pipe, /: it is a pipe, not a regular file\.$/)
})

test('a file that changes while it is read is refused, and one that grows is not read for ever', t => {
  const path = join(scratch(t), 'list')
  const line = `${hashOf(1)}\n`
  // As if it were still the same tick of the clock.
  const writeAtOnce = (text: string): void => {
    writeFileSync(path, text)
    utimesSync(path, 1, 1)
  }
  const changes = [
    () => appendFileSync(path, line),
    () => truncateSync(path, 0),
    () => writeFileSync(path, line.repeat(2)),
    () => writeAtOnce(`# ${line}`.repeat(3).slice(0, 3 * line.length)),
    () => writeAtOnce(`${hashOf(2)}\n${line.repeat(2)}`),
  ]
  for (const change of changes) {
    writeAtOnce(line.repeat(3))
    const read = (): AccessList =>
      readAccessList(path, hashes => {
        change()
        return AccessList.empty(hashes)
      })
    assert.throws(read, { code: 'AQ_ACCESS_LIST', message: /was changed while it was read\.$/ })
  }
  // More hashes in the second pass than were counted in the first: there is no room for them.
  const twentyComments = `# ${line}`.repeat(20)
  writeFileSync(path, twentyComments)
  const read = (): AccessList =>
    readAccessList(path, hashes => {
      const lines = Array.from({ length: 20 }, (_, index) => `${hashOf(index)}\n`).join('')
      writeFileSync(path, lines.padEnd(twentyComments.length, '\n'))
      return AccessList.empty(hashes)
    })
  assert.throws(read, { code: 'AQ_ACCESS_LIST', message: /was changed while it was read\.$/ })
})

test('reserved memory takes one list after the other, up to its end', () => {
  const memory = AccessList.reserve(100_000)
  const most = AccessList.capacityOf(memory)
  assert.equal(most, 3748)
  for (const size of [100, 10, 0, 1, most, 5, most]) {
    const list = AccessList.startIn(memory, size)
    assert.equal(list.size, 0)
    for (let number = 0; number < size; number++) list.add(number, size, 0, 0, 7)
    const seen = new AccessList(memory)
    assert.equal(seen.size, size)
    for (let number = 0; number < most; number++) {
      assert.equal(seen.contains(number, size, 0, 0, 7), number < size)
      assert.equal(seen.contains(number, size + 1, 0, 0, 7), false)
    }
  }
  assert.throws(() => AccessList.startIn(memory, most + 2), RangeError)
  assert.ok(AccessList.capacityOf(AccessList.reserve()) > 160_000_000)
})

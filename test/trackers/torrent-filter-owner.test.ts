// Loading with the real thread: what is in use when, what it costs, and files that are no lists.

import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { AquaticError } from '../../src/errors.js'
import { TorrentFilter } from '../../src/trackers/torrent-filter.js'
import { TorrentFilterOwner } from '../../src/trackers/torrent-filter-owner.js'
import { engineMissing, meets } from '../support/requirement.js'

/** One turn of the event loop. */
const turn = promisify(setImmediate)

const lineOf = (number: number): string => `${number.toString(16).padStart(8, '0').padEnd(40, 'ab')}\n`
const wordsOf = (number: number): [number, number, number, number, number] => {
  const bytes = Buffer.from(lineOf(number).trim(), 'hex')
  return [0, 4, 8, 12, 16].map(offset => bytes.readInt32LE(offset)) as ReturnType<typeof wordsOf>
}
const linesOf = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => lineOf(from + index)).join('')

interface Fixture {
  readonly path: string
  readonly owner: TorrentFilterOwner
}

/** A deny list, loaded. */
async function open(t: TestContext, text: string): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'aquatic-filter-'))
  const path = join(folder, 'list.txt')
  writeFileSync(path, text)
  const owner = (await TorrentFilterOwner.open({ mode: 'deny', path })) as TorrentFilterOwner
  t.after(async () => {
    await owner.close()
    rmSync(folder, { recursive: true })
  })
  return { path, owner }
}

/** A file of 1 GB that takes no room on the disk behind its beginning: the rest reads as zero bytes. */
function writeGigabyte(path: string, beginning: string): void {
  const file = openSync(path, 'w')
  writeSync(file, beginning)
  ftruncateSync(file, 2 ** 30)
  closeSync(file)
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('it should have been refused'),
    (reason: AquaticError) => reason,
  )
  assert.equal(error.code, 'AQ_ACCESS_LIST')
  return error.message
}

describe('torrent filter, as its owner loads it', () => {
  it('is none for mode "off"', async () => {
    assert.equal(await TorrentFilterOwner.open({ mode: 'off', path: '/no/such/file' }), null)
  })

  it('refuses to start with a bad list', async t => {
    const { path } = await open(t, lineOf(1))
    writeFileSync(path, `${lineOf(1)}\nhash\n`)
    const message = await messageOf(TorrentFilterOwner.open({ mode: 'deny', path }))
    assert.equal(message, `${path}:3: expected an info hash of 40 hexadecimal digits, found "h"`)
  })

  it('gives every worker the new list, and is done when no batch goes by the old one', async t => {
    const { path, owner } = await open(t, linesOf(1, 1))
    const data = owner.share(2)
    const [first, second] = [new TorrentFilter(data, 0), new TorrentFilter(data, 1)]
    assert.equal(owner.isForbidden(...wordsOf(1)), true)
    first.begin()
    writeFileSync(path, linesOf(2, 3000))
    let isDone = false
    const reloaded = owner.reload().then(({ found }) => {
      isDone = true
      return found
    })
    while (!owner.isForbidden(...wordsOf(2))) await turn()
    second.begin()
    assert.equal(second.allows(...wordsOf(2)), false)
    second.end()
    for (let turns = 0; turns < 100; turns++) await turn()
    assert.equal(isDone, false, 'the first worker is still in its batch')
    assert.equal(first.allows(...wordsOf(1)), false)
    assert.equal(first.allows(...wordsOf(2)), true)
    first.end()
    assert.equal(await reloaded, '3,000 info hashes')
    assert.equal(owner.entries, 3000)
    const late = new TorrentFilter(data, 1)
    late.begin()
    assert.equal(late.allows(...wordsOf(1)), true)
    assert.equal(late.allows(...wordsOf(3001)), false)
    late.end()
  })

  it('takes larger and smaller lists in turn', async t => {
    const { path, owner } = await open(t, '')
    const filter = new TorrentFilter(owner.share(1), 0)
    for (const count of [1, 50_000, 2, 0, 100_000, 7, 60_000]) {
      writeFileSync(path, linesOf(1, count))
      await owner.reload()
      filter.begin()
      const numbers = [1, 2, 7, 8, 50_000, 50_001, 60_000, 100_000, 100_001]
      for (const number of numbers)
        assert.equal(filter.allows(...wordsOf(number)), number > count, `${count}`)
      filter.end()
    }
  })

  it('holds at most 40 bytes for each hash, however often it is loaded', async t => {
    if (!meets(t, engineMissing('native'))) return
    const hashes = 1_000_000
    const { path, owner } = await open(t, linesOf(0, 10))
    await owner.reload()
    const file = openSync(path, 'w')
    for (let from = 0; from < hashes; from += 10_000) writeSync(file, linesOf(from, 10_000))
    closeSync(file)
    const before = process.memoryUsage.rss()
    for (let reload = 0; reload < 4; reload++) {
      await owner.reload()
      const bytes = (process.memoryUsage.rss() - before) / hashes
      assert.ok(bytes < 40, `${bytes} bytes for each hash after reload ${reload + 1}`)
    }
  })

  it('keeps the list when the new one is bad, and says once what and where', async t => {
    const { path, owner } = await open(t, `\u{feff}${linesOf(1, 2).replaceAll('\n', '\r\n')}\r\n# end`)
    assert.equal(owner.entries, 2)
    const good = lineOf(3)
    const found = (text: string): RegExp => new RegExp(`^.*list\\.txt:2: expected an info hash.*, ${text}$`)
    const bad: [string, RegExp][] = [
      [`${good}${good.slice(1)}`, found('found 39')],
      [`${good}${good.trim()}0\n`, found('found more than 40')],
      [`${good}<html>`, found('found "<"')],
    ]
    for (const [text, message] of bad) {
      writeFileSync(path, text)
      assert.match(await messageOf(owner.reload()), message)
      assert.deepEqual([owner.entries, owner.isForbidden(...wordsOf(3))], [2, false])
    }
    rmSync(path)
    assert.match(
      await messageOf(owner.reload()),
      /^Could not read the access list .*list\.txt: there is no such file\.$/,
    )
    assert.equal(owner.isForbidden(...wordsOf(2)), true)
    writeFileSync(path, good)
    assert.equal((await owner.reload()).found, '1 info hash')
  })

  it('reads a gigabyte that is no list without holding it, and never on this thread', async t => {
    const { path, owner } = await open(t, linesOf(1, 2))
    await owner.reload()
    const residentMax = process.memoryUsage.rss() + 64 * 2 ** 20
    const cases: [string, RegExp | null][] = [
      ['', /:1: expected .* found a byte of value 0x00$/],
      [lineOf(3).repeat(1000), /:1001: expected .* found a byte of value 0x00$/],
      ['1'.repeat(2 ** 20), /:1: expected .* found more than 40$/],
      [`${lineOf(3)}# `, null],
    ]
    for (const [beginning, message] of cases) {
      writeGigabyte(path, beginning)
      let looks = 0
      const timer = setInterval(() => {
        looks++
        assert.ok(process.memoryUsage.rss() < residentMax)
      }, 5)
      const reloading = owner.reload()
      await Promise.allSettled([reloading])
      clearInterval(timer)
      // The whole gigabyte takes a second or so, in which this thread goes on.
      if (message === null) assert.ok(looks > 10, `${looks}`)
      if (message === null) assert.equal((await reloading).found, '1 info hash')
      else assert.match(await messageOf(reloading), message)
    }
    assert.equal(owner.isForbidden(...wordsOf(3)), true)
  })

  it('gives up its first load when the tracker is to stop', async t => {
    const { path } = await open(t, '')
    writeGigabyte(path, '#')
    const stopping = new AbortController()
    const message = messageOf(TorrentFilterOwner.open({ mode: 'deny', path }, stopping.signal))
    stopping.abort()
    assert.match(await message, /^The thread that reads the access list failed/)
  })

  it('gives up a load when it is closed', async t => {
    const { path, owner } = await open(t, '')
    writeGigabyte(path, '#')
    const message = messageOf(owner.reload())
    await owner.close()
    assert.match(await message, /^The thread that reads the access list failed/)
  })
})

// The file that is written at each interval: whole, and said once when it can't be.

import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ReportFile } from '../../src/metrics/report-file.js'
import { scratchDirectory } from '../config/scratch.js'

describe('ReportFile', () => {
  it('replaces the file as a whole: an open reader keeps the old text', async t => {
    const path = join(scratchDirectory(t), 'page.html')
    const file = new ReportFile(path)
    await file.write('old text')
    const reader = openSync(path, 'r')
    await file.write('new')
    const text = Buffer.alloc(8)
    assert.equal(readSync(reader, text), 8)
    assert.equal(text.toString(), 'old text')
    assert.equal(readFileSync(path, 'utf8'), 'new')
    assert.deepEqual(readdirSync(join(path, '..')), ['page.html'])
  })

  it('makes the directory if it is missing', async t => {
    const path = join(scratchDirectory(t), 'a/b/page.html')
    assert.deepEqual(await new ReportFile(path).write('text'), { state: 'same' })
    assert.equal(readFileSync(path, 'utf8'), 'text')
  })

  it('tells of a failure once, counts all, and tells when it is over', async t => {
    const path = join(scratchDirectory(t), 'page.html')
    mkdirSync(path)
    const file = new ReportFile(path)
    const outcomes = [await file.write('1'), await file.write('2'), await file.write('3')]
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ['failing', 'same', 'same'],
    )
    assert.equal(file.failures, 3)
    rmdirSync(path)
    assert.deepEqual(await file.write('4'), { state: 'mended', failures: 3 })
    assert.deepEqual(await file.write('5'), { state: 'same' })
    assert.equal(file.failures, 3)
  })

  it('keeps the old file where the new one can not be written', async t => {
    const path = join(scratchDirectory(t), 'page.html')
    const file = new ReportFile(path)
    await file.write('old')
    mkdirSync(`${path}.tmp`)
    assert.equal((await file.write('new')).state, 'failing')
    assert.equal(readFileSync(path, 'utf8'), 'old')
    rmdirSync(`${path}.tmp`)
    assert.deepEqual(await file.write('new'), { state: 'mended', failures: 1 })
  })

  it('puts no half of another writer in place, and says that there is one', async t => {
    const path = join(scratchDirectory(t), 'page.html')
    // Two trackers with one path, which write all the time.
    const texts = ['a', 'b'].map(letter => letter.repeat(4_000_000))
    const files = texts.map(() => new ReportFile(path))
    const reasons: string[] = []
    let looks = 0
    for (let round = 0; round < 20; round++) {
      let isOver = false
      const writes = Promise.all(files.map((file, index) => file.write(texts[index]!))).then(outcomes => {
        isOver = true
        for (const outcome of outcomes) if (outcome.state === 'failing') reasons.push(outcome.reason)
      })
      while (!isOver) {
        if (existsSync(path)) {
          const found = readFileSync(path, 'latin1')
          assert.ok(texts.includes(found), `${found.length} characters, which neither has written so`)
          looks++
        }
        await new Promise(resolve => setImmediate(resolve))
      }
      await writes
    }
    assert.ok(looks > 20)
    for (const reason of reasons)
      assert.match(reason, /another program (uses .*page\.html\.tmp|writes the same file)/)
    assert.ok(reasons.length > 0, 'they were in each other’s way')
  })

  it('does not replace a device, a pipe or what a link leads to of that kind', async t => {
    const directory = scratchDirectory(t)
    for (const [name, device] of [
      ['full.html', '/dev/full'],
      ['null.html', '/dev/null'],
    ]) {
      const path = join(directory, name)
      symlinkSync(device, path)
      const outcome = await new ReportFile(path).write('text')
      assert.match(outcome.state === 'failing' ? outcome.reason : '', /is a device, not a regular file/)
      assert.ok(lstatSync(path).isSymbolicLink())
    }
    assert.deepEqual(readdirSync(directory).sort(), ['full.html', 'null.html'])
  })
})

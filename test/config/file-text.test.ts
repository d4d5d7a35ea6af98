import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { readConfigText } from '../../src/config/file-text.js'
import { AquaticError } from '../../src/errors.js'
import { scratchDirectory } from './scratch.js'

/** One turn of the event loop. */
const turn = promisify(setImmediate)

/** For pipes whose writer comes: it is not the patience that ends them, however slow the machine is. */
const patient = { pipePatienceMs: 600_000 }

const hasMkfifo = { skip: process.platform === 'win32' }

function fifo(t: TestContext): string {
  const path = join(scratchDirectory(t), 'tracker.toml')
  execFileSync('mkfifo', [path])
  return path
}

/** Opens the writing end as soon as somebody has the reading end open. */
async function writingEnd(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENXIO')
      await turn()
    }
  }
}

function refused(promise: Promise<string>, message: RegExp): Promise<void> {
  return assert.rejects(promise, error => {
    assert.ok(error instanceof AquaticError)
    assert.equal(error.code, 'AQ_CONFIG_UNREADABLE')
    assert.match(error.message, message)
    return true
  })
}

test('a pipe is read to its end, however its writer comes and goes on', hasMkfifo, async t => {
  const path = fifo(t)
  const reading = readConfigText(path, 'udp', patient)
  const writer = await writingEnd(path)
  for (const part of ['socket_', 'workers', ' = 3\n']) {
    writeSync(writer, part)
    for (let turns = 0; turns < 50; turns++) await turn()
  }
  closeSync(writer)
  assert.equal(await reading, 'socket_workers = 3\n')
})

test('a pipe that nobody writes to is refused, and so is one without an end', hasMkfifo, async t => {
  const path = fifo(t)
  await refused(
    readConfigText(path, 'udp', { pipePatienceMs: 1 }),
    /tracker\.toml: it is a pipe, and nothing was written to it\.$/,
  )
  const reading = refused(readConfigText(path, 'udp', patient), /: it is larger than 1 MiB\.$/)
  const writer = await writingEnd(path)
  const comment = Buffer.alloc(4096, '#')
  let written = 0
  while (written <= 1024 * 1024) {
    try {
      written += writeSync(writer, comment)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      await turn()
    }
  }
  await reading
  closeSync(writer)
})

test('a device without an end is refused too', hasMkfifo, async () => {
  await refused(readConfigText('/dev/zero', 'udp'), /^Cannot read .* \/dev\/zero: it is larger than 1 MiB\.$/)
})

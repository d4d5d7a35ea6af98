import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ReportFile } from '../../src/metrics/report-file.js'
import { removeStaleFiles, temporaryNameOf } from '../../src/metrics/stale-files.js'
import { scratchDirectory } from '../config/scratch.js'
import { startProcess } from '../support/child-process.js'

/** When all files of these tests were written, seconds. */
const writtenAt = 1_000_000_000
const stale = (writtenAt + 61) * 1000

function write(path: string): string {
  writeFileSync(path, 'half')
  utimesSync(path, writtenAt, writtenAt)
  return path
}

/** The number of a process that has ended and been waited for. */
function goneProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

function pathIn(t: TestContext): string {
  return join(scratchDirectory(t), 'page.html')
}

const namesIn = (path: string): string[] => readdirSync(join(path, '..')).sort()

describe('temporary files of processes that are gone', () => {
  it('are removed, and nothing else is', async t => {
    const path = pathIn(t)
    const pid = goneProcess()
    const running = startProcess(t, process.execPath, ['-e', 'process.stdin.resume()'])
    const others = [
      path,
      temporaryNameOf(path, running.pid!, 1),
      temporaryNameOf(path, process.pid, 99),
      `${path}.${pid}-1.tmp.old`,
      `${path}.${pid}.tmp`,
      `${path}.x-1.tmp`,
      `${path}.${pid}-01.tmp`,
      join(path, '..', `age.html.${pid}-1.tmp`),
      join(path, '..', `other.html.${pid}-1.tmp`),
    ].map(write)
    symlinkSync(path, temporaryNameOf(path, pid, 3))
    mkdirSync(temporaryNameOf(path, pid, 4))
    const left = namesIn(path)
    for (const number of [1, 2]) write(temporaryNameOf(path, pid, number))
    await removeStaleFiles(path, stale)
    assert.deepEqual(namesIn(path), left)
    for (const other of others) assert.equal(readFileSync(other, 'utf8'), 'half')
    await running.destroy()
  })

  it('are left while they are new: a process of another container is not seen from here', async t => {
    const path = pathIn(t)
    const temporary = write(temporaryNameOf(path, goneProcess(), 1))
    await removeStaleFiles(path, (writtenAt + 60) * 1000)
    assert.equal(readFileSync(temporary, 'utf8'), 'half')
    await removeStaleFiles(path, (writtenAt + 60) * 1000 + 1)
    assert.deepEqual(namesIn(path), [])
  })

  it('are removed by the first write of a report, and only by that', async t => {
    const path = pathIn(t)
    const pid = goneProcess()
    const file = new ReportFile(path)
    write(temporaryNameOf(path, pid, 1))
    assert.equal((await file.write('text')).state, 'same')
    assert.deepEqual(namesIn(path), ['page.html'])
    const later = write(temporaryNameOf(path, pid, 1))
    assert.equal((await file.write('text')).state, 'same')
    assert.equal(readFileSync(later, 'utf8'), 'half')
  })

  it('are no trouble where there is no directory', async t => {
    await removeStaleFiles(join(pathIn(t), 'none', 'page.html'), stale)
  })
})

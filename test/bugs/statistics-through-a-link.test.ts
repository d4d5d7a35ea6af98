// Statistics were written through whatever stood at the name of the temporary file: a link there lost another file, in
// a directory that others may write into, and a pipe there kept the tracker from ever stopping.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ReportFile } from '../../src/metrics/report-file.js'
import { scratchDirectory } from '../config/scratch.js'

function reportIn(t: TestContext): { path: string; other: string } {
  const directory = scratchDirectory(t)
  return { path: join(directory, 'report.json'), other: join(directory, 'other') }
}

describe('a report file', () => {
  it('is never written through a link at its temporary name', async t => {
    const { path, other } = reportIn(t)
    writeFileSync(other, 'precious')
    const file = new ReportFile(path)
    symlinkSync(other, file.temporaryPath)
    assert.equal((await file.write('report')).state, 'same')
    assert.equal(readFileSync(path, 'utf8'), 'report')
    assert.equal(readFileSync(other, 'utf8'), 'precious')
    assert.ok(lstatSync(path).isFile())
  })

  it('does not wait for the reader of a pipe at its temporary name', async t => {
    const { path } = reportIn(t)
    const file = new ReportFile(path)
    execFileSync('mkfifo', [file.temporaryPath])
    assert.equal((await file.write('report')).state, 'same')
    assert.equal(readFileSync(path, 'utf8'), 'report')
  })
})

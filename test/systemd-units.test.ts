// The units in docs, as systemd itself sees them, where it is installed.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { canRun } from './support/child-process.js'
import { packageRoot } from './support/tracker-process.js'

const hasSystemd = canRun('systemd-analyze', ['--version'])
const skip = hasSystemd ? false : 'systemd-analyze is not installed'

/** Most that systemd's own measure of exposure may be, in tenths; 100 is a unit without any hardening. */
const EXPOSURE_MAX = 25

const services = ['aquatic.service', 'aquatic-udp.service', 'aquatic-http.service'] as const

/** Copies of the units whose program exists on this machine. */
function copyUnits(t: TestContext): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-units-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return [...services, 'aquatic-udp.socket'].map(name => {
    const text = readFileSync(join(packageRoot, 'docs', name), 'utf8')
    writeFileSync(join(directory, name), text.replace('/usr/bin/aquatic', process.execPath))
    return join(directory, name)
  })
}

describe('systemd units', () => {
  it('hold no mistakes', { skip }, t => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...copyUnits(t)], {
      encoding: 'utf8',
    })
    assert.doesNotMatch(stderr, /aquatic(-udp|-http)?\.(service|socket)/)
    assert.equal(status, 0, stderr)
  })

  it('leave little to attack', { skip }, t => {
    for (const service of copyUnits(t).filter(path => path.endsWith('.service'))) {
      const args = ['security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager', service]
      const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
      assert.equal(status, 0, stdout + stderr)
    }
  })

  it('let a JIT compiler work and a tracker be told apart from a hung one', () => {
    for (const service of services) {
      const text = readFileSync(join(packageRoot, 'docs', service), 'utf8')
      assert.doesNotMatch(text, /^MemoryDenyWriteExecute/m)
      for (const needed of [
        /^Type=notify$/m,
        /^WatchdogSec=\d+s$/m,
        /^Restart=on-failure$/m,
        /AF_UNIX/,
        /^ExecReload=.* -HUP/m,
      ]) {
        assert.match(text, needed, service)
      }
    }
  })
})

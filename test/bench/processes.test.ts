// Whatever a contender does with its processes, all of them are found, accounted for and ended.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  findMarked,
  hasEnvironment,
  ProcessFamily,
  parseMemoryLine,
  parseProcessorTime,
} from '../../src/bench/processes.js'
import { scratchDirectory } from '../config/scratch.js'

/** Starts a shell in a family and resolves when it has written `ready`. */
async function startShell(t: TestContext, script: string): Promise<ProcessFamily> {
  const directory = scratchDirectory(t)
  const watcher = watch(directory)
  const family = new ProcessFamily()
  family.start({ command: '/bin/sh', args: ['-c', script] }, '0', directory)
  while (!existsSync(join(directory, 'ready'))) await once(watcher, 'change')
  watcher.close()
  return family
}

const nextTurn = (): Promise<boolean> => new Promise(resolve => setImmediate(resolve, true))

describe('processes of a contender', () => {
  it('are found when they fork into other sessions and their parent has ended', async t => {
    const family = await startShell(t, '(setsid sh -c "touch ready; exec sleep 1000" &) ; exit 3')
    assert.equal(await family.ended, 'ended with exit code 3')
    assert.equal(family.isAlive, true)
    await family.stop()
    assert.deepEqual(family.pids(), [])
  })

  it('are found while they start other programs', async t => {
    // Each shell takes the place of the one before: nearly all its time is spent in starting.
    const next = '[ $N -eq 0 ] || N=$((N - 1)) exec /bin/sh -c "$0" "$0"'
    const family = await startShell(t, `touch ready; export N=1000; exec /bin/sh -c '${next}' '${next}'`)
    let missed = 0
    let missedAlive = 0
    const ended = family.ended.then(() => false)
    for (let runs = true; runs; runs = await Promise.race([ended, nextTurn()])) {
      if (findMarked(family.mark).length === 0) missed++
      // Not found before it is found again: it had not ended.
      else [missedAlive, missed] = [missedAlive + missed, 0]
    }
    assert.equal(missedAlive, 0)
    await family.stop()
  })

  it('are ended although they ignore SIGTERM', async t => {
    const family = await startShell(t, 'trap "" TERM; touch ready; while :; do sleep 1000; done')
    await family.stop()
    assert.deepEqual(family.pids(), [])
    assert.equal(await family.ended, 'was ended by SIGKILL')
  })

  it('are accounted for together, with what they waited for', async t => {
    const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
    const family = await startShell(t, `sh -c '${burn}'; ${burn}; touch ready; sleep 1000`)
    const { userMs } = family.processorTime()
    assert.ok(userMs > 50, `${userMs} ms for two busy shells`)
    assert.ok(family.residentBytes() > 100_000)
    assert.ok(family.peakResidentBytes() >= family.residentBytes() / 2)
    await family.stop()
  })

  it('say why they could not be started', async () => {
    const family = new ProcessFamily()
    family.start({ command: '/nowhere/tracker', args: [] }, '0', tmpdir())
    assert.match(await family.ended, /exit code 127/)
    assert.match(family.lastWords(), /nowhere\/tracker/)
  })

  it('do not survive the bench, however it dies', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-bench-'))
    // A guard that fails leaves it.
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const fixture = fileURLToPath(new URL('../fixtures/bench-guarded.js', import.meta.url))
    const bench = spawn(process.execPath, [fixture, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [mark] = (await once(createInterface(bench.stdout), 'line')) as [string]
    assert.ok(findMarked(mark).length >= 2)
    const parent = watch(tmpdir())
    bench.kill('SIGKILL')
    // The guard removes the directory last.
    while (existsSync(directory)) await once(parent, 'change')
    parent.close()
    assert.deepEqual(findMarked(mark), [])
  })

  it('parse as the system writes them', () => {
    const stat = `12 (a ) b) S 1 ${Array.from({ length: 48 }, (_, index) => index + 5).join(' ')}`
    assert.deepEqual(parseProcessorTime(stat), { userMs: 300, systemMs: 320 })
    assert.equal(parseMemoryLine('VmPeak:\t  9 kB\nVmRSS:\t  2040 kB\n', 'VmRSS'), 2040 * 1024)
    assert.equal(parseMemoryLine('', 'VmRSS'), undefined)
    const withMemory = (bytes: number, codeStart: number, environment: string): string =>
      `12 (a) S ${'1 '.repeat(19)}${bytes} 1 1 ${codeStart} ${'1 '.repeat(23)}${environment} 0`
    assert.equal(hasEnvironment(withMemory(4096, 500, '700 900')), true)
    assert.equal(hasEnvironment(withMemory(4096, 500, '700 700')), false)
    // While a program is started the end of the environment is not there, and then as far as it is counted.
    assert.equal(hasEnvironment(withMemory(4096, 0, '0 0')), true)
    assert.equal(hasEnvironment(withMemory(4096, 0, '700 700')), true)
    assert.equal(hasEnvironment(withMemory(0, 0, '0 0')), false)
  })
})

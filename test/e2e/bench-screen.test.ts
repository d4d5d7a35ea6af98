// The live screen of a bench in a real pseudo terminal: the answer stays on stdout, and what was measured is kept.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoredHead } from '../../src/bench/bench.js'
import { readResults } from '../../src/bench/store.js'
import { BenchWorld } from '../support/bench-process.js'
import { openTerminal, pseudoTerminalMissing } from '../support/pseudo-terminal.js'
import { meets } from '../support/requirement.js'
import { binaryArguments } from '../support/tracker-process.js'

describe('the screen of a bench', () => {
  it('shows stages, progress and results, ends with q, and leaves the report to stdout', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const world = new BenchWorld(t)
    const [stdout, out] = [world.path('stdout'), world.path('results')]
    const bench = ['bench', 'udp', '--contender', 'aquatic', '--workload', 'udp-announces', '--out', out]
    const short = ['--blocks', '50', '--duration', '1', '--warmup', '0']
    const command = [process.execPath, ...binaryArguments(...bench, ...short)]
    const terminal = openTerminal(t, command, { stdout, environment: world.environment })
    await terminal.seeLine(/^aquatic bench udp +aquatic, udp-announces .* saturating +00:\d\d/)
    await terminal.seeLine(/^measurement +1 of 100 +block +1 of 50/)
    await terminal.seeLine(/^udp-announces +blocks$/)
    await terminal.seeLine(/^aquatic +0 of 50/)
    await terminal.seeLine(/ latency +00:\d\d/)
    // Of a block with two equal runs, either comes first.
    await terminal.seeLine(/^measurement +[23] of 100 .* left, about +\d+ (s|min)/)
    await terminal.seeLine(/^aquatic +1 of 50 +[\d.]+ µs/)
    terminal.type('q')
    assert.equal(await terminal.ended(), 130)
    assert.equal(terminal.terminal.isCursorHidden, false)
    assert.deepEqual(
      terminal.terminal.screen().filter(line => /measurement|\[q\]uit/.test(line)),
      [],
    )
    assert.deepEqual([world.started(), world.leftovers()], [[], []])
    const report = readFileSync(stdout, 'utf8')
    assert.match(report, /^! The bench was interrupted/m)
    assert.match(report, /^aquatic +[\d.]+ µs/m)
    assert.ok(!report.includes('\u001b'))
    const { results } = await readResults<StoredHead>(out)
    assert.ok(results.length > 0 && results.every(({ outcome }) => outcome === 'measured'))
    assert.match(readFileSync(join(out, 'report.md'), 'utf8'), /^# Trackers side by side/)
  })
})

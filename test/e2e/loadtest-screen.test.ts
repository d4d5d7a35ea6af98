// The live screen of a load test in a real pseudo terminal: the answer stays on stdout.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openTerminal, pseudoTerminalMissing } from '../support/pseudo-terminal.js'
import { meets } from '../support/requirement.js'
import { binaryArguments, startTracker } from '../support/tracker-process.js'

describe('the screen of a load test', () => {
  it('shows phases, rates and latencies, ends with q, and leaves the report to stdout', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-screen-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const stdout = join(directory, 'stdout')
    const tracker = await startTracker(t, { families: [4] })
    const address = `server_address=127.0.0.1:${tracker.port(4)}`
    const test = ['loadtest', 'udp', '--set', address, '--rate', '500', '--workers', '1', '--fill', '0']
    const terminal = openTerminal(t, [process.execPath, ...binaryArguments(...test)], { stdout })
    await terminal.seeLine(/^aquatic loadtest udp +udp:\/\/127\.0\.0\.1:\d+ .* measure +00:0\d/)
    await terminal.seeLine(/^sent +[1-9]\d*\/s [▁▂▃▄▅▆▇█]/)
    await terminal.seeLine(/^announce +\d+ +\d+\/s +[\d.]+ ms +[\d.]+ ms/)
    await terminal.seeLine(/^latencies of the last second/)
    terminal.type('q')
    assert.equal(await terminal.ended(), 130)
    assert.equal(terminal.terminal.isCursorHidden, false)
    assert.deepEqual(
      terminal.terminal.screen().filter(line => /aquatic loadtest|\[q\]uit/.test(line)),
      [],
    )
    const report = readFileSync(stdout, 'utf8')
    // On a machine that held the load test up, the report begins with that.
    assert.match(report, /^(The load test was the limit, not )?udp:\/\/127\.0\.0\.1/)
    assert.ok(!report.includes('\u001b'))
  })
})

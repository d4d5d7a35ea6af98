// The live screen of a tracker in a real pseudo terminal, and its absence everywhere else.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startProcess } from '../support/child-process.js'
import {
  openTerminal,
  type PseudoTerminal,
  pseudoTerminalMissing,
  type TerminalOptions,
} from '../support/pseudo-terminal.js'
import { meets } from '../support/requirement.js'
import { binaryArguments, cleanEnvironment, packageRoot } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'

const serve = ['serve', 'udp', '--set', 'network.address_ipv4=127.0.0.1:0', '--set', 'network.use_ipv6=false']
const command = [process.execPath, ...binaryArguments(...serve)]
const ESCAPE = '\u001b'

function start(t: TestContext, options: TerminalOptions = {}, args: readonly string[] = []): PseudoTerminal {
  return openTerminal(t, [...command, ...args], options)
}

/** The title of the screen: there is no other line like it. */
const TITLE = /^aquatic serve udp .*\d\d:\d\d/

const drawn = (terminal: PseudoTerminal): Promise<readonly string[]> => terminal.seeLine(TITLE)

/** The number in a line of the terminal that matches. */
function numberIn(lines: readonly string[], pattern: RegExp): number {
  return Number(lines.map(line => pattern.exec(line)?.[1]).find(found => found !== undefined))
}

const portIn = (lines: readonly string[]): number => numberIn(lines, /^listening udp 127\.0\.0\.1:(\d+)/)

async function announceTo(t: TestContext, port: number): Promise<void> {
  const client = await UdpClient.connected({ address: '127.0.0.1', port })
  t.after(() => client.close())
  await client.announce({})
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-screen-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** What a terminal is like after a program that behaves. */
function assertLeft(terminal: PseudoTerminal): void {
  assert.equal(terminal.terminal.isCursorHidden, false, 'the cursor is back')
  assert.doesNotMatch(terminal.terminal.screen().join('\n'), TITLE, 'the screen is gone')
}

/** Sends a program an exception from outside. */
const thrower = `data:text/javascript,${encodeURIComponent(
  "process.on('SIGUSR2', () => { throw new Error('thrown from outside') })",
)}`

/** Statistics are written by the thread that draws: they show that it goes on. */
function startWithStatistics(t: TestContext): {
  terminal: PseudoTerminal
  statistics: (rounds: number) => Promise<void>
} {
  const directory = scratch(t)
  const settings = [
    'statistics.interval=1',
    'statistics.write_json_to_file=true',
    `statistics.json_file_path=${join(directory, 'statistics.json')}`,
  ]
  const sets = settings.flatMap(setting => ['--set', setting])
  const terminal = start(t, {}, sets)
  const statistics = async (rounds: number): Promise<void> => {
    // Each is written beside the one before, and renamed: two names that change.
    let changes = 0
    for await (const { eventType } of watch(directory))
      if (eventType === 'rename' && ++changes === 2 * rounds) return
  }
  return { terminal, statistics }
}

describe('the screen of a tracker', () => {
  it('shows what the tracker does, below what it said at its start', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t)
    const lines = await drawn(terminal)
    const listening = lines.findIndex(line => /^listening udp 127\.0\.0\.1:\d+/.test(line))
    assert.ok(listening >= 0 && listening < lines.findIndex(line => TITLE.test(line)))
    await announceTo(t, portIn(lines))
    await terminal.seeLine(/torrents +1 +peers +1/)
    await terminal.seeLine(/^socket-01 [█░]{10} +\d+ %/)
    assert.equal(terminal.terminal.isCursorHidden, true)
    assert.equal(terminal.terminal.hasColours, true)
  })

  it('ends with q like with Ctrl-C: 130, and the last line says what was', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    for (const key of ['q', '\u0003']) {
      const terminal = start(t)
      await drawn(terminal)
      terminal.type(key)
      assert.equal(await terminal.ended(), 130)
      assert.match(terminal.terminal.screen().at(-1)!, /^stopped after \d+ s: 0 requests/)
      assertLeft(terminal)
    }
  })

  it('ends with SIGTERM: 0', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t)
    await drawn(terminal)
    await terminal.signal('SIGTERM')
    assert.equal(await terminal.ended(), 0)
    assert.match(terminal.terminal.screen().at(-1)!, /^stopped after/)
    assertLeft(terminal)
  })

  it('gives the cursor back when the program crashes', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t, { environment: { NODE_OPTIONS: `--import=${thrower}` } })
    await drawn(terminal)
    await terminal.signal('SIGUSR2')
    assert.equal(await terminal.ended(), 1)
    assert.match(terminal.written, /thrown from outside/)
    assert.equal(terminal.terminal.isCursorHidden, false)
  })

  it('fits every size, and leaves nothing behind when it changes', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t)
    await drawn(terminal)
    // Held, so that nothing is drawn for the old size when the new one is there.
    terminal.type('p')
    await terminal.seeLine(/paused/)
    for (const [columns, rows] of [
      [60, 12],
      [40, 10],
      [160, 40],
      [100, 30],
    ] as const) {
      terminal.resize(columns, rows)
      const hint = /^\[q\]uit .* \[\?\]help$/
      await terminal.see(`${columns} x ${rows}`, lines => {
        const titles = lines.filter(line => /^aquatic serve/.test(line))
        const isWhole = columns < 60 ? /^requests .* responses/.test(lines.at(-1)!) : hint.test(lines.at(-1)!)
        const title = titles[0] ?? ''
        return isWhole && titles.length === 1 && title.length >= columns - 3 && title.length < columns
      })
    }
    terminal.type('p')
    await terminal.see('a screen that goes on', lines => !lines.some(line => /paused/.test(line)))
  })

  it('turns its pages by keys', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t)
    await drawn(terminal)
    terminal.type('?')
    await terminal.seeLine(/^Ctrl-Z +leave it to the shell/)
    terminal.type('e')
    await terminal.seeLine(/^No errors\.$/)
    terminal.type(ESCAPE)
    await terminal.seeLine(/torrents +0/)
    terminal.type('w')
    await terminal.seeLine(/\[w\]indow 10 s/)
  })

  it('prints lines above itself', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = start(t, {}, [
      '--set',
      'statistics.interval=1',
      '--set',
      'statistics.print_to_stdout=true',
    ])
    await drawn(terminal)
    await terminal.see('statistics above the screen', lines => {
      const above = lines.findIndex(line => /^ {2}cleaning: \d+ rounds/.test(line))
      const titles = lines.filter(line => TITLE.test(line))
      return above >= 0 && titles.length === 1 && above < lines.indexOf(titles[0]!)
    })
  })

  it('has no colours under NO_COLOR, and writes nothing to stdout', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const stdout = join(scratch(t), 'stdout')
    const terminal = start(t, { stdout, environment: { NO_COLOR: '1' } })
    await drawn(terminal)
    terminal.type('q')
    await terminal.ended()
    assert.equal(terminal.terminal.hasColours, false)
    assert.doesNotMatch(terminal.written.replaceAll(ESCAPE, '^'), /\^\[[\d;]*m/)
    assert.equal(readFileSync(stdout, 'utf8'), '')
  })

  it('reads no keys where stdin is no terminal; Ctrl-C is the signal it always was', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const terminal = openTerminal(t, ['sh', '-c', 'exec "$@" </dev/null', 'sh', ...command])
    await terminal.seeLine(/^Ctrl-C quits$/)
    terminal.type('\u0003')
    assert.equal(await terminal.ended(), 130)
    assertLeft(terminal)
  })

  it('gives the terminal back to the shell with Ctrl-Z, and draws again after fg', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const script = 'set -m; "$@"; echo "stopped with $?"; fg >/dev/null; echo "over with $?"'
    const terminal = openTerminal(t, ['bash', '-c', script, 'bash', ...command])
    await drawn(terminal)
    terminal.type('\u001a')
    await terminal.seeLine(/^stopped with 148$/)
    await terminal.see('the screen below', lines => {
      const stopped = lines.findIndex(line => /^stopped with/.test(line))
      return lines.findIndex(line => TITLE.test(line)) > stopped
    })
    terminal.type('q')
    await terminal.seeLine(/^over with 130$/)
    assert.equal(await terminal.ended(), 0)
    assertLeft(terminal)
  })

  it('holds nothing up when the terminal takes nothing any more', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const { terminal, statistics } = startWithStatistics(t)
    await drawn(terminal)
    terminal.stall()
    await statistics(4)
    terminal.goOn()
    terminal.type('?')
    await terminal.seeLine(/^Ctrl-Z/)
    terminal.type('q')
    assert.equal(await terminal.ended(), 130)
    assertLeft(terminal)
  })

  it('goes when its window is closed, and the tracker stays', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const { terminal, statistics } = startWithStatistics(t)
    const lines = await drawn(terminal)
    terminal.hangUp()
    await statistics(2)
    await announceTo(t, portIn(lines))
    // Not ended here: node 20 itself aborts at the end of any process whose terminal is gone.
  })
})

describe('a tracker without a screen', () => {
  const cases: readonly (readonly [string, TerminalOptions, readonly string[]])[] = [
    ['--no-tui', {}, ['--no-tui']],
    ['--json', {}, ['--json']],
    ['a CI', { environment: { CI: '1' } }, []],
    ['a dumb terminal', { environment: { TERM: 'dumb' } }, []],
    ['a screen reader', { environment: { INK_SCREEN_READER: 'true' } }, []],
  ]
  for (const [name, options, args] of cases) {
    it(`writes no escape codes to a terminal: ${name}`, async t => {
      if (!meets(t, pseudoTerminalMissing())) return
      const terminal = start(t, options, args)
      await terminal.seeLine(/listening/)
      await terminal.signal('SIGTERM')
      assert.equal(await terminal.ended(), 0)
      assert.ok(!terminal.written.includes(ESCAPE), terminal.written)
    })
  }

  it('is not stopped in the background of a terminal', async t => {
    if (!meets(t, pseudoTerminalMissing())) return
    const script = 'set -m; "$@" & echo "job $!"; wait $!; echo "ended with $?"'
    const terminal = openTerminal(t, ['bash', '-c', script, 'bash', ...command])
    const lines = await terminal.seeLine(/^listening udp/)
    const job = numberIn(lines, /^job (\d+)/)
    await announceTo(t, portIn(lines))
    process.kill(job, 'SIGTERM')
    await terminal.seeLine(/^ended with 0$/)
    assert.ok(!terminal.written.includes(ESCAPE), terminal.written)
  })

  it('writes no escape codes to a pipe, and imports neither Ink nor React', async t => {
    const logged = pathToFileURL(join(packageRoot, 'dist/test/fixtures/logged-imports.js')).href
    const env = { ...cleanEnvironment(), NODE_OPTIONS: `--import=${logged}` }
    const tracker = startProcess(t, command[0]!, command.slice(1), { env })
    await tracker.waitForLines('stderr', /^listening/)
    const { code, stdout, stderr } = await tracker.stop('SIGTERM')
    assert.equal(code, 0)
    assert.equal(stdout, '')
    assert.ok(!stderr.includes(ESCAPE))
    assert.match(stderr, /^imported .*\/trackers\/udp\/tracker\.js$/m)
    assert.doesNotMatch(stderr, /^imported .*(\/node_modules\/(ink|react|yoga-layout)\/|\/open-screen\.js)/m)
  })
})

// Command lines on pages: they can be repeated, and say nothing of where things lie on one machine.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  describeCommand,
  describeCommandText,
  joinCommand,
  shortenPaths,
} from '../../src/bench/report/command-text.js'

const words = [
  ...['aquatic', 'bench', 'udp', '--out', '/tmp/some/where', '--path', 'chihaya=/home/me/go/bin/chihaya'],
  ...['--path=torrust=~/.cargo/bin/torrust-tracker', '--url', 'other=udp://192.0.2.1:6969/announce'],
  ...[
    '--command',
    "mine=/opt/my/tracker -c '/etc/my tracker' --port {port}",
    '--resume',
    '../../elsewhere/b',
  ],
]

describe('the command of a report', () => {
  it('has paths by their last part, wherever they are in a word', () => {
    const text = describeCommand(words)
    assert.match(
      text,
      /^aquatic bench udp --out …\/where --path chihaya=…\/chihaya --path=torrust=…\/torrust-/,
    )
    assert.match(text, / --url other=udp:\/\/192\.0\.2\.1:6969\/announce /)
    assert.match(text, / 'mine=…\/tracker -c .* --port \{port\}' --resume …\/b$/)
    assert.doesNotMatch(text, /home|opt|tmp|cargo/)
  })

  it('is the same when it was stored as text in between', () => {
    assert.equal(describeCommandText(joinCommand(words)), describeCommand(words))
    assert.equal(
      describeCommandText('aquatic bench --quick --out /tmp/quick'),
      'aquatic bench --quick --out …/quick',
    )
  })

  it('has them in sentences, and in commands that are quoted in any way', () => {
    assert.equal(shortenPaths('/no/where/chihaya is no file (ENOENT)'), '…/chihaya is no file (ENOENT)')
    assert.equal(
      shortenPaths('"/opt/a" -c=../b/c ~/d http://x/y and/or a / b'),
      '"…/a" -c=…/c …/d http://x/y and/or a / b',
    )
  })

  it('keeps what is no path, and directories that have no last part', () => {
    assert.equal(describeCommand(['a', 'b/c', './d', 'x=1', 'e f']), "a b/c ./d x=1 'e f'")
    assert.equal(describeCommand(['--out', '/', '--path=~', '..']), '--out … --path=… ..')
  })
})

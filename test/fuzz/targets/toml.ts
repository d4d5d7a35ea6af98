// Configuration files of any bytes: a configuration, which printed and read again is the same, or an error of the
// catalogue whose lines name places that are in the file.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../src/config/load.js'
import { locateKeys } from '../../../src/config/locate.js'
import { printConfig } from '../../../src/config/print.js'
import { udpTable } from '../../../src/config/udp.js'
import { AquaticError } from '../../../src/errors.js'
import { type FuzzTarget, utf8 } from '../target.js'

const folder = mkdtempSync(join(tmpdir(), 'aquatic-fuzz-toml-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'fuzz.toml')
const again = join(folder, 'again.toml')
const defaults = printConfig(udpTable, (await loadConfig(udpTable)).config, { comments: false })

function checkPlaces(text: string): void {
  const lines = text.split('\n')
  let parts = 0
  for (const { path, line, column } of locateKeys(text)) {
    parts += path.length
    assert.ok(line >= 1 && line <= lines.length, `line ${line}`)
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column}`)
  }
  assert.ok(parts <= 8 * (text.length + 1), 'more work than the text is long')
}

function checkError(error: unknown, text: string): string {
  assert.ok(error instanceof AquaticError, `no error of the catalogue: ${String(error)}`)
  assert.ok(error.code === 'AQ_CONFIG_INVALID' || error.code === 'AQ_CONFIG_UNREADABLE', error.code)
  const last = text.split('\n').length
  for (const line of error.lines) {
    const place = /fuzz\.toml:(\d+):(\d+): /.exec(line)
    if (place !== null) assert.ok(Number(place[1]) >= 1 && Number(place[1]) <= last, line)
  }
  const words = error.lines[0]?.replace(/^\S+ /, '').replace(/"[^"]*"|[\d.]+/g, '') ?? ''
  return `${error.code} ${Math.min(error.lines.length, 5)} ${words.slice(0, 40)}`
}

async function run(bytes: Uint8Array): Promise<string> {
  writeFileSync(file, bytes)
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  checkPlaces(text)
  let loaded: Awaited<ReturnType<typeof loadConfig<typeof udpTable>>>
  try {
    loaded = await loadConfig(udpTable, { file })
  } catch (error) {
    return checkError(error, text)
  }
  const printed = printConfig(udpTable, loaded.config, { comments: false })
  writeFileSync(again, printed)
  assert.deepEqual(
    (await loadConfig(udpTable, { file: again })).config,
    loaded.config,
    'printed and read again',
  )
  return `loaded ${printed === defaults} ${Math.min(loaded.notices.length, 3)}`
}

export const toml: FuzzTarget = {
  name: 'toml',
  seeds: [
    defaults,
    'socket_workers = 2\n[network]\nbatch_size = 2\nengine = "node"\n  use_ipv6 = false # no\n',
    'network.address_ipv4 = "0.0.0.0:3000"\nprotocol = { max_scrape_torrents = 100 }\n',
    "[protocol]\nmax_response_peers = 0x1F\n'peer_announce_interval' = 1_000\n",
    '[[x]]\ny = """a\n\\u0041"""\nz = [1, [2.5e3, nan], { a.b = 1979-05-27T07:32:00Z }]\n',
  ].map(utf8),
  dictionary: [
    ...[
      '[',
      ']',
      '[[',
      ']]',
      '{',
      '}',
      '=',
      '.',
      ',',
      '"',
      "'",
      '"""',
      "'''",
      '#',
      '\n',
      '\r\n',
      '\\',
      '\\u0000',
    ],
    ...[
      '\\UFFFFFFFF',
      '\ufeff',
      '__proto__',
      'constructor',
      'network',
      'socket_workers',
      ' = 1\n',
      'true',
      'nan',
    ],
    ...['inf', '1979-05-27', '0x', '1_0', '-0', '1e400', '9223372036854775808', '[network]\n', '[a.b.c]\n'],
  ].map(utf8),
  bytesMax: 3000,
  run,
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultConfig } from '../../src/config/load.js'
import { plainConfig, printConfig } from '../../src/config/print.js'
import { udpTable } from '../../src/config/udp.js'
import { scratchFile } from '../config/scratch.js'
import { runAquatic } from './run.js'

const defaults = defaultConfig(udpTable)

test('stdout is the file and nothing else, and config check accepts it', async t => {
  const printed = await runAquatic(['config', 'print', 'udp'])
  assert.deepEqual(printed, { exitCode: 0, stdout: `${printConfig(udpTable, defaults)}\n`, stderr: '' })
  const file = scratchFile(t, printed.stdout)
  const checked = await runAquatic(['config', 'check', 'udp', '--no-machine', '-c', file])
  assert.deepEqual(checked, { exitCode: 0, stdout: `${file}: ok\n`, stderr: '' })
})

test('it prints the defaults whatever the environment says', async () => {
  const env = { AQUATIC_UDP__SOCKET_WORKERS: '7', FORCE_COLOR: '1' }
  const { stdout } = await runAquatic(['config', 'print', 'udp'], { env })
  assert.equal(stdout, `${printConfig(udpTable, defaults)}\n`)
})

test('--json is one line with the values by their TOML names', async () => {
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'print', 'udp', '--json'])
  assert.equal(exitCode, 0)
  assert.equal(stderr, '')
  assert.match(stdout, /^[^\n]+\n$/)
  assert.deepEqual(JSON.parse(stdout), { application: 'udp', config: plainConfig(udpTable, defaults) })
})

test('a reader that has gone ends it quietly', async () => {
  const { exitCode, stderr } = await runAquatic(['config', 'print', 'udp'], { closeStdout: true })
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
})

test('an unknown application is a usage error that names the known ones', async () => {
  const { exitCode, stdout, stderr } = await runAquatic(['config', 'print', 'tcp'])
  assert.equal(exitCode, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /tcp to be one of: udp/)
  assert.doesNotMatch(stderr, /\n\s+at /)
})

test('help shows how to begin', async () => {
  const { exitCode, stdout } = await runAquatic(['config', 'print', '--help'])
  assert.equal(exitCode, 0)
  assert.match(stdout, /\$ aquatic config print udp > tracker\.toml/)
  const topic = await runAquatic(['config'])
  assert.match(topic.stdout, /config check[^\n]*\n[\s\S]*config print/)
  const top = await runAquatic(['--help'])
  assert.doesNotMatch(top.stdout, /\bbase\b/, 'the base class is no command')
})

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ConfigSources, defaultConfig, loadConfig } from '../../src/config/load.js'
import { camelCase, entriesOf, environmentName, formatOrigin } from '../../src/config/schema.js'
import { udpTable } from '../../src/config/udp.js'
import { AquaticError } from '../../src/errors.js'
import { scratchDirectory, scratchFile } from './scratch.js'
import { plainText, validValue } from './values.js'

/** The lines of the AquaticError that loading ends with. */
async function problemsOf(sources: ConfigSources): Promise<readonly string[]> {
  const error = await loadConfig(udpTable, sources).then(
    () => assert.fail('it loaded'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof AquaticError, String(error))
  assert.equal(error.code, 'AQ_CONFIG_INVALID')
  return error.lines
}

test('without sources there are the defaults', async () => {
  const { config, notices, origins } = await loadConfig(udpTable)
  assert.deepEqual(config, defaultConfig(udpTable))
  assert.deepEqual(notices, [])
  assert.deepEqual(new Set([...origins.values()].map(formatOrigin)), new Set(['default']))
})

test('a flag wins over the environment, that over the file, that over the default', async t => {
  const file = scratchFile(
    t,
    'socket_workers = 2\n[network]\nbatch_size = 2\nengine = "node"\n  use_ipv6 = false\n',
  )
  const env = { AQUATIC_UDP__NETWORK__BATCH_SIZE: '3', AQUATIC_UDP__NETWORK__ENGINE: 'native', HOME: '/' }
  const { config, origins } = await loadConfig(udpTable, {
    file,
    env,
    set: ['network.batch_size=4', 'network.batch_size = 5'],
  })
  assert.equal(config.socketWorkers, 2)
  assert.equal(config.network.engine, 'native')
  assert.equal(config.network.batchSize, 5)
  assert.equal(config.network.useIpv6, false)
  assert.equal(config.network.useIpv4, true)
  const where = (key: string): string => formatOrigin(origins.get(key)!)
  assert.equal(where('socket_workers'), `${file}:1:1`)
  assert.equal(where('network.use_ipv6'), `${file}:5:3`)
  assert.equal(where('network.engine'), 'AQUATIC_UDP__NETWORK__ENGINE')
  assert.equal(where('network.batch_size'), '--set network.batch_size')
  assert.equal(where('network.use_ipv4'), 'default')
})

test('variables of an application that there is not are no silent slip', async () => {
  const env = {
    AQUATIC_UPD__NETWORK__ENGINE: 'node',
    AQUATIC_LOADTEST_UPD__SEED: '1',
    AQUATIC_TRACKER__X: '1',
    AQUATIC__SOCKET_WORKERS: '1',
    // These are for others, or for nobody of ours.
    AQUATIC_HTTP__SOCKET_WORKERS: '1',
    AQUATIC_HTTP_SOCKET_WORKERS: '1',
    AQUATIC_LOADTEST_WS__SEED: '1',
    AQUATIC_FUZZ_SEED: '1',
    AQUATIC: '1',
    NOT_AQUATIC_UPD__X: '1',
  }
  const all =
    'Names begin with AQUATIC_UDP__, AQUATIC_HTTP__, AQUATIC_WS__, AQUATIC_SERVE__, AQUATIC_LOADTEST_UDP__, ' +
    'AQUATIC_LOADTEST_HTTP__, AQUATIC_LOADTEST_WS__.'
  assert.deepEqual(await problemsOf({ env }), [
    'AQUATIC_LOADTEST_UPD__SEED: unknown environment variable. Did you mean AQUATIC_LOADTEST_UDP__SEED?',
    `AQUATIC_TRACKER__X: unknown environment variable. ${all}`,
    'AQUATIC_UPD__NETWORK__ENGINE: unknown environment variable. Did you mean AQUATIC_UDP__NETWORK__ENGINE?',
    `AQUATIC__SOCKET_WORKERS: unknown environment variable. ${all}`,
  ])
})

test('every key can be set by file, environment and flag alike', async t => {
  const file = scratchFile(t, '')
  // Rules about several keys have tests of their own.
  const table = { ...udpTable, examine: () => [] }
  const leaves = [...entriesOf(table).values()].filter(({ legacy }) => !legacy)
  const settings = fc.constantFrom(...leaves).chain(entry => {
    const isText = entry.leaf.type === 'string' || entry.leaf.type === 'path'
    const values = isText ? fc.stringMatching(/^[a-z/.]{1,9}$/) : validValue(entry.leaf)
    return fc.tuple(fc.constant(entry), values)
  })
  await fc.assert(
    fc.asyncProperty(settings, async ([{ dotted, section, key, leaf }, value]) => {
      const text = plainText(value)
      const toml = leaf.type === 'integer' || leaf.type === 'boolean' ? text : JSON.stringify(text)
      writeFileSync(file, `${dotted} = ${toml}`)
      const sources: ConfigSources[] = [
        { file },
        { env: { [environmentName(table, dotted)]: text } },
        { set: [`${dotted}=${text}`] },
        { set: [`${dotted}=${toml}`] },
      ]
      for (const source of sources) {
        const { config } = await loadConfig(table, source)
        const values = (section === undefined ? config : config[camelCase(section) as 'network']) as object
        assert.deepEqual(Object.getOwnPropertyDescriptor(values, camelCase(key))?.value, value)
      }
    }),
    { numRuns: 100 },
  )
})

test('reports all problems of all sources at once, in order, with places and suggestions', async t => {
  const file = scratchFile(
    t,
    [
      'socket_workers = 5000',
      'log_level = wran',
      '  [network]',
      '  adress_ipv4 = "127.0.0.1:1"',
      'address_ipv6 = "0.0.0.0:1"',
      'batch_size = "128"',
      'batch_size = 3',
      'use_ipv4 = 1',
      '[netwrk]',
      'x = 1',
      '[cleaning]',
      'max_peer_age = 1.5',
      'ring_size = 3',
      '[protocol]',
      'colour = 3',
      '[zzzzzzzzzz]',
    ].join('\n'),
  )
  const env = { AQUATIC_UDP_SOCKET_WORKERS: '1', AQUATIC_UDP__NETWORK__USE_IPV4: 'yes', AQUATIC_UDP__X: '' }
  const set = ['quiet', 'network.engine=nativ', 'network.address_ipv4=1.2.3.4', 'network.port=3', 'q=3']
  const integer = 'but must be an integer from'
  assert.deepEqual(await problemsOf({ file, env, set }), [
    `${file}:1:1: socket_workers is 5000, ${integer} 1 to 1024, or 0 (one for each processor this ` +
      'process may use). Try 1024.',
    `${file}:2:13: not TOML: invalid value. Write texts in quotes: "wran".`,
    `${file}:4:3: unknown key network.adress_ipv4. Did you mean network.address_ipv4?`,
    `${file}:5:1: network.address_ipv6 is "0.0.0.0:1", but must be an IPv6 address with a port, ` +
      'such as "[::]:3000". Did you mean network.address_ipv4?',
    `${file}:6:1: network.batch_size is "128", ${integer} 1 to 1024 packets. Did you mean 128?`,
    `${file}:7:1: batch_size is set twice. Keep one of the two.`,
    `${file}:8:1: network.use_ipv4 is 1, but must be true or false. Did you mean true?`,
    `${file}:9:2: unknown section [netwrk]. Did you mean [network]?`,
    `${file}:12:1: cleaning.max_peer_age is 1.5 (a float), ${integer} 1 to 86400 seconds. Did you mean 2?`,
    `${file}:13:1: unknown key cleaning.ring_size. Did you mean network.ring_size?`,
    `${file}:15:1: unknown key protocol.colour. Keys of [protocol] are max_scrape_torrents, ` +
      'max_response_peers, peer_announce_interval.',
    `${file}:16:2: unknown section [zzzzzzzzzz]. Sections are ${Object.keys(udpTable.sections).join(', ')}.`,
    'AQUATIC_UDP_SOCKET_WORKERS: unknown environment variable. Did you mean AQUATIC_UDP__SOCKET_WORKERS?',
    'AQUATIC_UDP__NETWORK__USE_IPV4: network.use_ipv4 is "yes", but must be true or false. Did you ' +
      'mean true?',
    'AQUATIC_UDP__X: unknown environment variable. Names look like AQUATIC_UDP__SOCKET_WORKERS.',
    '--set quiet: a value is missing. Write --set key=value.',
    '--set network.engine: network.engine is "nativ", but must be one of "auto", "native", "node". ' +
      'Did you mean "native"?',
    '--set network.address_ipv4: network.address_ipv4 is "1.2.3.4", but must be an IPv4 address ' +
      'with a port, such as "0.0.0.0:3000". Did you mean "1.2.3.4:3000"?',
    '--set network.port: unknown key network.port. Keys of [network] are engine, use_ipv4, ' +
      'use_ipv6, address_ipv4, address_ipv6, set_only_ipv6, socket_recv_buffer_size, ' +
      'socket_send_buffer_size, batch_size, poll_timeout_ms.',
    '--set q: unknown key q. Keys outside of sections are socket_workers, log_level.',
  ])
})

test('sections and keys in each other’s place are problems', async t => {
  const text =
    'network = 3\nprotocol = [1]\n"cleaning.max_peer_age" = ' +
    '5\n[socket_workers]\n[[swarm]]\nmemory_limit = 3\n'
  const file = scratchFile(t, text)
  assert.deepEqual(await problemsOf({ file }), [
    `${file}:1:1: network is a section. Write [network] in a line of its own, and its keys below.`,
    `${file}:2:1: protocol is a section. Write [protocol] in a line of its own, and its keys below.`,
    `${file}:3:1: "cleaning.max_peer_age" in quotes is one name. Write cleaning.max_peer_age without quotes.`,
    `${file}:4:2: socket_workers is a table, but must be an integer from 1 to 1024, or 0 (one for ` +
      'each processor this process may use). The default is 0.',
    `${file}:5:3: swarm is a section. Write [swarm] in a line of its own, and its keys below.`,
  ])
})

test('names of JavaScript’s own objects are ordinary unknown keys', async t => {
  const file = scratchFile(
    t,
    '__proto__ = 1\nconstructor = 2\n[network]\n__proto__ = 3\n[toString]\n[hasOwnProperty]\n',
  )
  const problems = await problemsOf({ file, set: ['__proto__=1'], env: { AQUATIC_UDP__CONSTRUCTOR: '1' } })
  assert.equal(problems.length, 7, problems.join('\n'))
  for (const problem of problems) assert.match(problem, /unknown (key|section|environment)/)
})

test('broken TOML is reported with its place, and what can be read beside it is checked too', async t => {
  const unquoted = scratchFile(t, 'log_level = off\nsocket_workers = -1\n')
  assert.deepEqual(await problemsOf({ file: unquoted }), [
    `${unquoted}:1:13: not TOML: invalid value. Write texts in quotes: "off".`,
    `${unquoted}:2:1: socket_workers is -1, but must be an integer from 1 to 1024, or 0 (one for ` +
      'each processor this process may use). Try 1.',
  ])
  const header = scratchFile(t, '[network\nuse_ipv4 = 3\n')
  assert.deepEqual(await problemsOf({ file: header, set: ['x=1'] }), [
    `${header}:1:9: not TOML: illegal character in key. A section is written [name].`,
    '--set x: unknown key x. Keys outside of sections are socket_workers, log_level.',
  ])
  const twice = scratchFile(t, '[network]\nuse_ipv4 = true\n[network]\n')
  assert.deepEqual(await problemsOf({ file: twice }), [
    `${twice}:3:2: [network] is set twice. Keep one of the two.`,
  ])
  const other = scratchFile(t, '{"network": {}}\n')
  assert.equal((await problemsOf({ file: other })).length, 1)
})

test('columns are those of the text: tabs, byte order marks and CRLF do not shift them', async t => {
  const file = scratchFile(t, '\uFEFFx = 1\r\n\ty = 2\r\n# ö 😀\r\n"ö😀".z = 3\r\n')
  const places = (await problemsOf({ file })).map(line => line.slice(file.length, line.indexOf(': ')))
  assert.deepEqual(places, [':1:1', ':2:2', ':4:1'])
})

test('random bytes as a file never do anything but load or be reported', async t => {
  const file = scratchFile(t, '')
  const pieces = fc.array(
    fc.constantFrom('[', ']', 'network', '=', '"', '\n', '.', 'use_ipv4', '{', '}', '#', '1'),
  )
  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string(),
    pieces.map(all => all.join('')),
  )
  await fc.assert(
    fc.asyncProperty(contents, async content => {
      writeFileSync(file, content)
      await loadConfig(udpTable, { file }).catch((error: unknown) => assert.ok(error instanceof AquaticError))
    }),
    { numRuns: 500 },
  )
})

test('an unreadable file is one sentence and a remedy', async t => {
  const directory = scratchDirectory(t)
  const unreadable = async (file: string, message: RegExp, remedy: RegExp): Promise<void> => {
    await assert.rejects(loadConfig(udpTable, { file }), (error: unknown) => {
      assert.ok(error instanceof AquaticError)
      assert.equal(error.code, 'AQ_CONFIG_UNREADABLE')
      assert.match(error.message, message)
      assert.match(error.remedy ?? '', remedy)
      assert.ok(error.message.includes(file))
      return true
    })
  }
  const missing = join(directory, 'missing.toml')
  await unreadable(missing, /: there is no such file\.$/, /^aquatic config print udp > /)
  mkdirSync(join(directory, 'a'))
  await unreadable(join(directory, 'a'), /: it is a directory\.$/, /file inside/)
  await unreadable(scratchFile(t, Uint8Array.of(0x61, 0xff, 0xfe)), /: it is not UTF-8 text\.$/, /./)
  await unreadable(scratchFile(t, '#'.repeat(1024 * 1024 + 1)), /: it is larger than 1 MiB\.$/, /./)
  const locked = scratchFile(t, '')
  chmodSync(locked, 0)
  if (process.getuid?.() !== 0) await unreadable(locked, /: permission is denied\.$/, /chmod/)
})

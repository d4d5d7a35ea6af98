import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computeCoreShares, computeCost } from '../../../benchmarks/support/cost.js'
import { UsageError } from '../../../benchmarks/support/program.js'
import { torrentInfoHash } from '../../../benchmarks/support/yardstick.js'
import { aquaticConfiguration, oursArguments } from '../../../benchmarks/udp/contenders.js'
import { parseLoadOptions, parseOptions } from '../../../benchmarks/udp/options.js'
import { parseLoadOutput } from '../../../benchmarks/udp/yardstick.js'

const output = `connect/s 92186 announce/s 92836 scrape/s 1809 errors 3 lost 64 peers/announce 2.3
responses 187000 seconds 1.001 rate 186831
`

test('both lines of the load generator are read', () => {
  assert.deepEqual(parseLoadOutput(output), {
    responses: 187000,
    seconds: 1.001,
    responsesPerSecond: 186831,
    connectsPerSecond: 92186,
    announcesPerSecond: 92836,
    scrapesPerSecond: 1809,
    errors: 3,
    lost: 64,
    peersPerAnnounce: 2.3,
  })
})

test('anything else than both lines is refused', () => {
  for (const text of [
    '',
    output.split('\n')[0]!,
    output.split('\n')[1]!,
    output.replace('lost', 'mislaid'),
  ]) {
    assert.throws(() => parseLoadOutput(text), /not the output of load-udp/)
  }
})

test('the info hash of a torrent is the one the load generator announces', () => {
  assert.equal(torrentInfoHash(0x01020304).toString('hex'), `04030201ab${'00'.repeat(15)}`)
})

test('the cost is processor time over responses', () => {
  const before = { user: 100, system: 200 }
  const after = { user: 150, system: 500 }
  // 50 and 300 ticks of 10 ms for a million responses in four seconds.
  const cost = computeCost(before, after, 100, { responses: 1_000_000, seconds: 4 })
  assert.deepEqual(cost, { totalUs: 3.5, userUs: 0.5, systemUs: 3, coreUsed: 0.875 })
})

test('core shares are of the time between two readings', () => {
  const shares = computeCoreShares({ all: 100, idle: 50, stolen: 1 }, { all: 300, idle: 100, stolen: 11 })
  assert.deepEqual(shares, { coreIdle: 0.25, coreStolen: 0.05 })
})

test('aquatic is configured for the version and the backend it is', () => {
  const old = aquaticConfiguration('address = "0.0.0.0:3000"\n', 7000, false)
  assert.match(old, /^address = "127\.0\.0\.1:7000"$/m)
  assert.doesNotMatch(old, /use_io_uring|use_ipv6/)
  const recent = aquaticConfiguration('address_ipv4 = ""\nuse_io_uring = true\n', 7000, true)
  assert.match(recent, /^use_ipv6 = false\naddress_ipv4 = "127\.0\.0\.1:7000"\nuse_io_uring = true$/m)
})

test('ours gets the same settings as the others', () => {
  const words = oursArguments('repository', 7000, ['network.engine=node']).join(' ')
  for (const setting of [
    'socket_workers=1',
    'address_ipv4=127.0.0.1:7000',
    'max_response_peers=30',
    'engine=node',
  ]) {
    assert.ok(words.includes(setting), setting)
  }
})

test('options have defaults and refuse nonsense with a sentence', () => {
  const options = parseOptions(['--rounds', '2', '--seconds', '0.5', '--only', 'ours, opentracker'])
  assert.equal(options.rounds, 2)
  assert.equal(options.seconds, 0.5)
  assert.deepEqual(options.only, ['ours', 'opentracker'])
  assert.equal(parseLoadOptions([], { seconds: 60, warmUpSeconds: 15 }).seconds, 60)
  const wrong = [
    ['--rounds', '0'],
    ['--rounds', '1.5'],
    ['--seconds', 'x'],
    ['--load-core', '0'],
    ['--colour', 'red'],
  ]
  for (const args of wrong) assert.throws(() => parseOptions(args), UsageError, args.join(' '))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAnnounce, parseAnswer } from '../../../benchmarks/http/announce.js'
import {
  aquaticConfiguration,
  canTake,
  chihayaConfiguration,
  createContenders,
  nginxConfiguration,
  oursArguments,
} from '../../../benchmarks/http/contenders.js'
import { parseIdleOptions, parseOptions } from '../../../benchmarks/http/options.js'
import { loads, parseLoadOutput } from '../../../benchmarks/http/yardstick.js'
import { UsageError } from '../../../benchmarks/support/program.js'

const tls = { certificatePath: '/c.pem', keyPath: '/k.pem' }
const closing = 'responses 7360 seconds 1.005 rate 7321\n'

test('the lines of each load generator are read', () => {
  const counts = { responses: 7360, seconds: 1.005, responsesPerSecond: 7321 }
  assert.deepEqual(parseLoadOutput(closing), { ...counts, failed: 0 })
  assert.deepEqual(parseLoadOutput(`failed 3\n${closing}`), { ...counts, failed: 3 })
  assert.deepEqual(parseLoadOutput(`failed 0\nresumed 3680\n${closing}`), {
    ...counts,
    failed: 0,
    resumedShare: 0.5,
  })
})

test('anything without the closing line is refused', () => {
  for (const text of ['', 'failed 3\n', closing.replace('seconds', 'minutes')])
    assert.throws(() => parseLoadOutput(text), /not the output of a load generator/)
})

test('an announce names a torrent of the yardstick', () => {
  const request = encodeAnnounce(0x010203, 5)
  assert.match(request, /^GET \/announce\?info_hash=%03%02%01%00%ab(%00){15}&peer_id=-AQ0000-0{11}5&/)
  assert.match(request, /&numwant=30&event=started HTTP\/1\.1\r\n.*\r\n\r\n$/s)
  assert.match(encodeAnnounce(0, 0, 'stopped'), /&numwant=0&event=stopped /)
})

test('an answer is complete with its last byte, and says its peers', () => {
  const body = `d8:completei1e5:peers12:${'\xff'.repeat(12)}e`
  const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}  \r\n\r\n${body}`
  for (let length = 0; length < whole.length; length++)
    assert.equal(parseAnswer(Buffer.from(whole.slice(0, length), 'latin1'), false), undefined)
  const answer = { status: 200, bytes: whole.length, peers: 2 }
  assert.deepEqual(parseAnswer(Buffer.from(`${whole}more`, 'latin1'), false), answer)
})

test('an answer without a length ends with its connection, and a refusal is no answer', () => {
  const open = Buffer.from('HTTP/1.0 200 OK\r\n\r\nd5:peers0:e')
  assert.equal(parseAnswer(open, false), undefined)
  assert.deepEqual(parseAnswer(open, true), { status: 200, bytes: open.length, peers: 0 })
  const refusal = Buffer.from('HTTP/1.1 200 OK\r\n\r\nd14:failure reason2:noe')
  assert.equal(parseAnswer(refusal, true)?.status, 0)
})

test('trackers are told where to listen, with and without TLS', () => {
  const words = oursArguments('repository', 'http', 7000, tls, ['network.engine=node']).join(' ')
  assert.match(words, /serve http --json --set socket_workers=1 .*address_ipv4=127\.0\.0\.1:7000/)
  assert.match(
    words,
    /enable_tls=true.*tls_certificate_path=\/c\.pem.*tls_private_key_path=\/k\.pem.*engine=node/,
  )
  assert.doesNotMatch(oursArguments('repository', 'http', 7000, undefined).join(' '), /tls/)

  assert.match(aquaticConfiguration('address = ""', 7000, undefined), /^address = "127\.0\.0\.1:7000"$/m)
  const recent = aquaticConfiguration('address_ipv4 = ""', 7000, tls)
  assert.match(recent, /^use_ipv6 = false\naddress_ipv4 = "127\.0\.0\.1:7000"\nenable_tls = true$/m)

  const plain = { port: 7000, innerPort: 7001, directory: '/d', tls: undefined }
  assert.match(chihayaConfiguration(plain), /^ {4}addr: "127\.0\.0\.1:7000"$/m)
  assert.match(chihayaConfiguration({ ...plain, tls }), /^ {4}https_addr: "127\.0\.0\.1:7000"$/m)
  assert.match(nginxConfiguration(plain), /server 127\.0\.0\.1:7001;.*listen 127\.0\.0\.1:7000;/s)
  assert.match(nginxConfiguration({ ...plain, tls }), /listen 127\.0\.0\.1:7000 ssl;.*\/c\.pem/s)
})

test('opentracker takes only the load it speaks, the others all', () => {
  const contenders = createContenders({
    repository: '.',
    aquaticHttpPath: undefined,
    chihayaPath: '/nowhere/chihaya',
  })
  const takes = [...contenders.values()].map(({ name }) => loads.filter(load => canTake(name, load)).length)
  assert.deepEqual(takes, [6, 6, 6, 1, 6, 6, 6])
  assert.deepEqual(contenders.get('chihaya')?.find(), {
    reason: '--chihaya is not an executable file (ENOENT)',
  })
})

test('options have defaults and refuse nonsense with a sentence', () => {
  const options = parseOptions(['--rounds', '2', '--loads', 'tls-full, keep', '--only', 'ours'])
  assert.deepEqual(
    options.loads.map(load => load.name),
    ['keep', 'tls-full'],
  )
  assert.deepEqual([options.rounds, options.only], [2, ['ours']])
  assert.equal(parseIdleOptions([]).connections, 10_000)
  assert.throws(() => parseOptions(['--loads', 'ftp']), /no such load; there are keep,close/)
  assert.throws(() => parseIdleOptions(['--connections', '0']), UsageError)
})

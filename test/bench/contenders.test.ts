// Contenders as they are started: the real programs, where they are installed.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Contender, isMissing, type Places, type Service } from '../../src/bench/contender.js'
import { aquaticConfiguration } from '../../src/bench/contenders/aquatic-rust.js'
import { serverScript } from '../../src/bench/contenders/bittorrent-tracker.js'
import { chihayaConfiguration } from '../../src/bench/contenders/chihaya.js'
import { torrustConfiguration } from '../../src/bench/contenders/torrust.js'
import { commandContender, splitCommand, urlContender } from '../../src/bench/contenders/user.js'
import { assign, lineUp, twinsOf } from '../../src/bench/lineup.js'
import { ProcessFamily } from '../../src/bench/processes.js'
import { findInPath } from '../../src/bench/programs.js'
import { waitUntilReady } from '../../src/bench/readiness.js'
import { contenders } from '../../src/bench/registry.js'
import { largeState, workloads } from '../../src/bench/workloads.js'
import { targetOf } from '../../src/config/target-text.js'
import { probeTarget } from '../../src/loadtest/probe.js'
import { findFreePorts } from '../../src/net/free-ports.js'
import { scratchDirectory } from '../config/scratch.js'
import { meets } from '../support/requirement.js'

const places: Places = { paths: new Map(), environment: process.env }
const never = new AbortController().signal
const udp: Service = { protocol: 'udp', isTls: false }
const http: Service = { protocol: 'http', isTls: false }
const ws: Service = { protocol: 'ws', isTls: false }

/** The program of the package among our own dependencies. */
const packagedTracker = fileURLToPath(new URL('bin/cmd.js', import.meta.resolve('bittorrent-tracker/server')))

const contenderOf = (key: string): Contender => contenders.find(contender => contender.key === key)!

/** Only what never starts takes so long. */
const READY_LIMIT_MS = 120_000

/** Starts a contender; resolves with why it is not ready, or null, and what it wrote. */
async function start(contender: Contender, service: Service, limitMs = READY_LIMIT_MS, where = places) {
  const found = await contender.find(where)
  assert.ok(!isMissing(found), JSON.stringify(found))
  const [port, sparePort] = await findFreePorts(2)
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-contender-'))
  const hashes = join(directory, 'hashes')
  writeFileSync(hashes, `${'ab'.repeat(20)}\n`)
  const family = new ProcessFamily()
  const request = { service, port, sparePort, directory, certificate: null, processors: 1, numwant: 30 }
  try {
    const launches = await found.launch({ ...request, infoHashFile: async () => hashes, peersExpected: 0 })
    for (const launch of launches) family.start(launch, '0', directory)
    const url = `${service.protocol}://127.0.0.1:${port}/announce`
    const options = { url, protocol: service.protocol, family, isOurs: true, limitMs, signal: never }
    return { problem: await waitUntilReady(options), lastWords: family.lastWords() }
  } finally {
    await family.stop()
    rmSync(directory, { recursive: true, force: true })
    assert.deepEqual(family.pids(), [])
  }
}

describe('contenders', () => {
  for (const key of ['aquatic', 'aquatic-node']) {
    for (const service of [udp, http, ws]) {
      it(`${key} starts and answers over ${service.protocol}`, async () => {
        assert.equal((await start(contenderOf(key), service)).problem, null)
      })
    }
  }

  for (const service of [udp, http]) {
    it(`opentracker starts and answers over ${service.protocol}`, async t => {
      const isMissingHere = findInPath('opentracker', process.env) === undefined
      if (!meets(t, { 'opentracker is not installed': isMissingHere })) return
      assert.equal((await start(contenderOf('opentracker'), service)).problem, null)
    })
  }

  for (const service of [udp, http, ws]) {
    it(`bittorrent-tracker starts and answers over ${service.protocol}, as npm installs it for all`, async t => {
      // A program of that name in PATH is a link into the package.
      const bin = scratchDirectory(t)
      symlinkSync(packagedTracker, join(bin, 'bittorrent-tracker'))
      const where: Places = { paths: new Map(), environment: { PATH: bin } }
      const found = await contenderOf('bittorrent-tracker').find(where)
      assert.ok(!isMissing(found), JSON.stringify(found))
      assert.match(found.version, /^\d+\.\d+\.\d+$/)
      const { problem, lastWords } = await start(
        contenderOf('bittorrent-tracker'),
        service,
        READY_LIMIT_MS,
        where,
      )
      assert.deepEqual([problem, lastWords], [null, ''])
    })
  }

  // No machine has to have these; where one is in PATH, it has to start.
  const others = contenders.filter(({ key }) => /^(aquatic-rust|chihaya|torrust|wt-tracker)/.test(key))
  for (const contender of others) {
    for (const service of [udp, http, ws].filter(contender.serves)) {
      it(`${contender.key} starts and answers over ${service.protocol}`, async t => {
        const found = await contender.find(places)
        if (isMissing(found)) t.skip(found.reason)
        else assert.equal((await start(contender, service)).problem, null)
      })
    }
  }

  it('of which only the name is there are not taken for them', async t => {
    const stranger = join(scratchDirectory(t), 'bittorrent-tracker')
    writeFileSync(stranger, '#!/bin/sh\n', { mode: 0o755 })
    const where: Places = { paths: new Map([['bittorrent-tracker', stranger]]), environment: {} }
    const finding = await contenderOf('bittorrent-tracker').find(where)
    assert.ok(isMissing(finding))
    assert.match(finding.reason, /is no part of the npm package bittorrent-tracker$/)
  })

  it('of which cargo and npm know the version say it', async t => {
    const root = scratchDirectory(t)
    mkdirSync(join(root, 'bin'))
    mkdirSync(join(root, 'lib'))
    const crate = '"torrust-tracker 3.0.0 (registry+https://example.org/index)" = ["torrust-tracker"]\n'
    writeFileSync(join(root, '.crates.toml'), `[v1]\n${crate}`)
    writeFileSync(join(root, 'bin/torrust-tracker'), '', { mode: 0o755 })
    writeFileSync(join(root, 'package.json'), '{"name":"wt-tracker","version":"0.0.1"}')
    // As TypeScript writes it: not executable.
    writeFileSync(join(root, 'lib/run-tracker.js'), '', { mode: 0o644 })
    const paths = new Map([
      ['torrust', join(root, 'bin/torrust-tracker')],
      ['wt-tracker', join(root, 'lib/run-tracker.js')],
    ])
    const versionOf = async (key: string) => {
      const found = await contenderOf(key).find({ paths, environment: {} })
      assert.ok(!isMissing(found), JSON.stringify(found))
      return found.version
    }
    assert.deepEqual([await versionOf('torrust'), await versionOf('wt-tracker')], ['3.0.0', '0.0.1'])
  })

  it('wt-tracker is started as it was built, not by its program, which needs a node that loads TypeScript', async t => {
    const root = scratchDirectory(t)
    for (const directory of ['bin', 'lib']) mkdirSync(join(root, directory))
    writeFileSync(join(root, 'package.json'), '{"name":"wt-tracker","version":"0.0.1"}')
    const program = join(root, 'bin/wt-tracker')
    writeFileSync(program, '', { mode: 0o755 })
    const pathOf = async (): Promise<string | null> => {
      const where: Places = { paths: new Map([['wt-tracker', program]]), environment: {} }
      const found = await contenderOf('wt-tracker').find(where)
      return isMissing(found) ? found.reason : found.path
    }
    assert.equal(await pathOf(), program)
    const built = join(root, 'lib/run-tracker.js')
    writeFileSync(built, '')
    assert.equal(await pathOf(), built)
  })

  it('opentracker of another place is not taken for the package of the system', async t => {
    const built = join(scratchDirectory(t), 'opentracker')
    writeFileSync(built, '#!/bin/sh\necho version 1.2 >&2\nexit 1\n', { mode: 0o755 })
    const where: Places = { paths: new Map([['opentracker', built]]), environment: {} }
    const found = await contenderOf('opentracker').find(where)
    assert.ok(!isMissing(found))
    assert.equal(found.version, '1.2')
  })

  it('that die say how, and what they wrote last', async () => {
    const contender = commandContender('dying', 'sh -c "echo out of luck >&2; exit 7"')
    assert.deepEqual(await start(contender, udp), {
      problem: 'it ended before it answered: ended with exit code 7',
      lastWords: 'out of luck',
    })
  })

  it('that never answer are ended in time', async () => {
    const { problem } = await start(commandContender('silent', 'sleep 1000'), http, 100)
    assert.match(problem!, /^it did not answer within 0.1 s: No tracker answers at http:.*ECONNREFUSED/)
  })

  it('that refuse connections are known for it, also by a bench that stood still meanwhile', async () => {
    const options = { protocol: 'http', isOurs: false, limitMs: 100, signal: never } as const
    // Nobody may listen there but root, and nobody does.
    const ready = waitUntilReady({
      ...options,
      url: 'http://127.0.0.1:1/announce',
      family: new ProcessFamily(),
    })
    const startMs = performance.now()
    while (performance.now() < startMs + 400);
    assert.match((await ready) ?? '', /^it did not answer within 0.1 s: .*ECONNREFUSED/)
  })

  it('that take connections and say nothing are ended in time', async t => {
    const server = createServer(socket => socket.on('error', () => undefined).resume())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
    const family = new ProcessFamily()
    const options = { url, protocol: 'http', family, isOurs: false, limitMs: 1000, signal: never } as const
    const target = targetOf(url, 'http')
    const rest = { tls: 'off', verifiesCertificate: false, urlSuffix: '' } as const
    // One question alone would take seven seconds: it has not ended when the limited one has.
    const alone = new AbortController()
    const addresses = [target.host]
    const unlimited = probeTarget({ protocol: 'http', target, addresses, ...rest, signal: alone.signal })
    const aloneEnds = unlimited.then(
      () => 'answered',
      () => 'the question alone',
    )
    const problem = await Promise.race([waitUntilReady(options), aloneEnds])
    assert.match(
      problem ?? '',
      /^it did not answer within 1 s: .*the connection was opened, but a request got no/,
    )
    alone.abort()
    await aloneEnds
  })

  it('that are not here say how to get them', async () => {
    const nowhere: Places = { paths: new Map(), environment: { PATH: '/nowhere' } }
    for (const contender of contenders.filter(({ key }) => !/^aquatic(-node)?$|^opentracker$/.test(key))) {
      const finding = await contender.find(nowhere)
      assert.ok(isMissing(finding), contender.key)
      assert.match(finding.remedy, /--path/)
    }
    const named: Places = { paths: new Map([['chihaya', '/nowhere/chihaya']]), environment: {} }
    const finding = await contenderOf('chihaya').find(named)
    assert.deepEqual(finding, {
      reason: '/nowhere/chihaya is not an executable file (ENOENT)',
      remedy: '--path chihaya=FILE',
    })
  })

  it('have keys of their own', () => {
    assert.equal(new Set(contenders.map(({ key }) => key)).size, contenders.length)
  })
})

describe('settings of contenders', () => {
  const request = {
    service: udp,
    port: 7000,
    sparePort: 7001,
    certificate: null,
    processors: 2,
    numwant: 30,
    peersExpected: 0,
  }

  it('of aquatic in Rust follow its version', () => {
    const old = aquaticConfiguration('address = "0.0.0.0:3000"', request, false)
    assert.equal(
      old,
      'socket_workers = 2\n\n[network]\naddress = "127.0.0.1:7000"\n\n[protocol]\nmax_response_peers = 30\n',
    )
    const printed = 'swarm_workers = 1\naddress_ipv4 = "0.0.0.0:3000"\nuse_io_uring = true'
    const later = aquaticConfiguration(printed, request, true)
    assert.match(later, /use_ipv6 = false\naddress_ipv4 = "127.0.0.1:7000"\nuse_io_uring = true/)
  })

  it('of chihaya have a spare plain port beside TLS', () => {
    const certificate = { certificatePath: '/c.pem', keyPath: '/k.pem' }
    const text = chihayaConfiguration({ ...request, service: { protocol: 'http', isTls: true }, certificate })
    assert.match(text, /addr: "127.0.0.1:7001"\n {4}https_addr: "127.0.0.1:7000"/)
    assert.match(chihayaConfiguration(request), /udp:\n {4}addr: "127.0.0.1:7000"/)
  })

  it('of torrust name its protocol and its database', () => {
    const text = torrustConfiguration({ ...request, directory: '/d' })
    assert.match(text, /\[\[udp_trackers\]\]\nbind_address = "127\.0\.0\.1:7000"/)
    assert.match(text, /path = "\/d\/torrust\.db"/)
    // It panics without, and listens for questions about its health wherever it is not told.
    assert.match(text, /^schema_version = "2\.0\.0"$/m)
    assert.match(text, /\[health_check_api\]\nbind_address = "127\.0\.0\.1:7001"/)
  })

  it('of bittorrent-tracker speak one protocol, on loopback addresses', () => {
    const text = serverScript('/p/server.js', { service: http, port: 7000 })
    assert.match(text, /udp: false, http: true, ws: false/)
    assert.match(text, /listen\(7000, \{ http: '127\.0\.0\.1', udp4: '127\.0\.0\.1', udp6: '::1' \}\)/)
  })

  it('of the user are words with the places filled in', async () => {
    assert.deepEqual(splitCommand(`a 'b c' d"e f" ''`), ['a', 'b c', 'de f', ''])
    const found = await commandContender('mine', 'run --port {port} {workers} {dir}').find(places)
    assert.ok(!isMissing(found))
    const launches = await found.launch({ ...request, directory: '/d', infoHashFile: async () => '' })
    const workingDirectory = process.cwd()
    assert.deepEqual(launches, [{ command: 'run', args: ['--port', '7000', '2', '/d'], workingDirectory }])
    assert.ok(isMissing(await commandContender('mine', '  ').find(places)))
  })

  it('are known to close connections, where the noise of kept ones is measured by another', () => {
    const others = ['aquatic', 'opentracker', 'chihaya'].map(contenderOf)
    const takingPart = (service: Service) =>
      others.filter(other => other.serves(service)).map(({ key }) => key)
    const contendersOf = new Map(workloads.map(({ key, service }) => [key, takingPart(service)]))
    assert.deepEqual(Object.fromEntries(twinsOf(workloads, others, contendersOf, 'opentracker')), {
      'udp-mixed': 'opentracker',
      'udp-announces': 'opentracker',
      'http-keep-alive': 'aquatic',
      'http-close': 'opentracker',
      'https-keep-alive': 'aquatic',
      'ws-quiet': 'aquatic',
      'ws-offers': 'aquatic',
    })
    assert.equal(twinsOf(workloads, others, contendersOf, 'chihaya').get('http-keep-alive'), 'chihaya')
    const alone = new Map([['http-keep-alive', ['opentracker']]])
    assert.deepEqual([...twinsOf(workloads, others, alone, 'opentracker')], [])
  })

  it('of an address say what is spoken there', () => {
    assert.equal(urlContender('other', 'udp://192.0.2.1:6969').serves(udp), true)
    assert.equal(urlContender('other', 'udp://192.0.2.1:6969').serves(http), false)
    assert.equal(urlContender('other', 'https://t.example').serves({ protocol: 'http', isTls: true }), true)
    assert.equal(urlContender('other', 'wss://t.example').serves(ws), false)
  })

  it('of an address are its own: opentracker lists the announcer there too, and no memory is seen', async () => {
    const contender = urlContender('other', 'udp://192.0.2.1:6969')
    const { found } = await lineUp([contender], places)
    assert.deepEqual(found.get('other')?.knownWrongs, [
      'announce answer wrong: the announcer itself among the peers',
    ])
    const { contendersOf, notes } = assign([largeState(1), workloads[0]!], [contender], { found }, true)
    assert.deepEqual([...contendersOf], [['udp-mixed', ['other']]])
    assert.match(notes[0]!, /: without other, as the memory of a tracker that already runs can't be seen\.$/)
    assert.match(notes[1]!, /^1 million peers in .* left out, as nobody who takes part can be asked this\.$/)
  })
})

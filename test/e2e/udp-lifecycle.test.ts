// Start, ports, signals and failures of `aquatic serve udp` as a process.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { scratchDirectory } from '../config/scratch.js'
import { canRun, type ProcessEnd, startProcess } from '../support/child-process.js'
import { meets } from '../support/requirement.js'
import { binaryArguments, cleanEnvironment, startTracker } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'

/** Runs the binary to its end. */
async function runToEnd(t: TestContext, ...args: string[]): Promise<ProcessEnd> {
  return await startProcess(t, process.execPath, binaryArguments(...args), { env: cleanEnvironment() }).ended
}

const onlyIpv4 = (address: string): string[] => [
  '--set',
  `network.address_ipv4=${address}`,
  '--set',
  'network.use_ipv6=false',
]

describe('serve udp', () => {
  it('says where it listens: first JSON line, one per address, with engine and workers', async t => {
    const settings = { socket_workers: 3, 'network.engine': 'native' }
    const tracker = await startTracker(t, { families: [4, 6], settings })
    const [first, second] = tracker.listening
    assert.deepEqual(first, {
      event: 'listening',
      protocol: 'udp',
      address: '127.0.0.1',
      port: first.port,
      engine: 'native',
      workers: 3,
    })
    assert.equal(second.address, '::1')
    const { stdout } = await tracker.stop()
    assert.equal(JSON.parse(stdout.split('\n')[0]).event, 'listening')
  })

  it('says so on stderr without --json, and nothing on stdout', async t => {
    const args = binaryArguments('serve', 'udp', ...onlyIpv4('127.0.0.1:0'))
    const child = startProcess(t, process.execPath, args, { env: cleanEnvironment() })
    const [line] = await child.waitForLines('stderr', /^listening/, 1)
    assert.match(line, /^listening udp 127\.0\.0\.1:\d+ \((native|node) engine, \d+ workers?\)$/)
    await child.waitForLines('stderr', /receive 8000000 bytes asked, \d+ granted/, 1)
    const port = Number(/:(\d+) /.exec(line)?.[1])
    const client = await UdpClient.connected({ address: '127.0.0.1', port })
    await client.announce({ port: 1 })
    client.close()
    const { stdout, stderr, code } = await child.stop('SIGTERM')
    assert.equal(code, 0)
    assert.equal(stdout, '')
    const said =
      /stopped after \d+ s: 2 requests, 2 responses, 0 dropped, 0 lost in the kernel; 1 torrent, 1 peer$/m
    assert.match(stderr, said)
  })

  it('spreads one port over several workers', async t => {
    const tracker = await startTracker(t, { families: [4], settings: { socket_workers: 4 } })
    const address = { address: '127.0.0.1', port: tracker.port(4) }
    const clients = await Promise.all(Array.from({ length: 32 }, () => UdpClient.connected(address)))
    // Each client's port leads to one of the workers; all of them know the same torrent.
    for (const [index, client] of clients.entries()) {
      const { leechers } = await client.announce({ infoHash: infoHash(1), port: 100 + index })
      assert.equal(leechers, index)
    }
    for (const client of clients) client.close()
    await tracker.stop()
  })

  for (const engine of ['native', 'node']) {
    it(`ends with 0 after SIGTERM and 130 after SIGINT, with one line of totals (${engine})`, async t => {
      for (const [signal, code] of [
        ['SIGTERM', 0],
        ['SIGINT', 130],
      ] as const) {
        const tracker = await startTracker(t, { families: [4], settings: { 'network.engine': engine } })
        const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
        await client.announce({ infoHash: infoHash(1) })
        client.close()
        const end = await tracker.stop(signal)
        assert.equal(end.code, code, `${signal}: ${end.stderr}`)
        const stopped = JSON.parse(end.stdout.trim().split('\n').at(-1) as string)
        assert.equal(stopped.event, 'stopped')
        const { requests, responses, torrents, peers } = stopped
        assert.deepEqual(
          { requests, responses, torrents, peers },
          { requests: 2, responses: 2, torrents: 1, peers: 1 },
        )
      }
    })

    it(`names a busy port (${engine})`, async t => {
      const other = createSocket('udp4')
      other.bind(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address()
      const args = [...onlyIpv4(`127.0.0.1:${port}`), '--set', `network.engine=${engine}`]
      const { code, stdout, stderr } = await runToEnd(t, 'serve', 'udp', ...args)
      other.close()
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(
        stderr,
        new RegExp(`error: Cannot listen on udp 127.0.0.1:${port}: another program .*EADDRINUSE`),
      )
      assert.match(stderr, /try: find it with `ss/)
    })
  }

  it('names its threads socket-01, socket-02, …', async t => {
    const tracker = await startTracker(t, { families: [4], settings: { socket_workers: 2 } })
    const tasks = `/proc/${tracker.process.pid}/task`
    const names = readdirSync(tasks).map(task => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim())
    assert.deepEqual(names.filter(name => name.startsWith('socket-')).sort(), ['socket-01', 'socket-02'])
    await tracker.stop()
  })

  it('ends at once on a second signal, but takes two at the same time for one', async t => {
    const fixture = fileURLToPath(new URL('../fixtures/stopping-for-ever.js', import.meta.url))
    const child = startProcess(t, process.execPath, [fixture], { env: cleanEnvironment() })
    await child.waitForLines('stdout', /^ready/)
    child.signal('SIGTERM')
    child.signal('SIGTERM')
    await child.waitForLines('stdout', /^stopping/)
    // Alive after the doubled signal; by the fourth line the next one is a second request.
    await child.waitForLines('stdout', /^still stopping/, 4)
    const { code } = await child.stop('SIGINT')
    assert.equal(code, 130)
  })

  it('stops soon, however long its workers may sleep', async t => {
    const settings = { 'network.poll_timeout_ms': 10_000, 'network.engine': 'native' }
    const tracker = await startTracker(t, { families: [4], settings })
    const { stdout } = await tracker.stop()
    const { seconds } = JSON.parse(stdout.trim().split('\n').at(-1) as string)
    assert.ok(seconds < 5, `${seconds} s from start to stop`)
  })

  it('refuses to start when one of its two addresses is busy, on both engines', async t => {
    for (const engine of ['native', 'node']) {
      const other = createSocket('udp6')
      other.bind(0, '::1')
      await once(other, 'listening')
      const { port } = other.address()
      const addresses = ['network.address_ipv4=127.0.0.1:0', `network.address_ipv6=[::1]:${port}`]
      const args = [...addresses, `network.engine=${engine}`].flatMap(setting => ['--set', setting])
      const { code, stderr } = await runToEnd(t, 'serve', 'udp', ...args)
      other.close()
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(`udp \\[::1\\]:${port}: another program uses this port`))
    }
  })

  it('serves on when nobody reads what it says', async t => {
    const args = ['serve', 'udp', '--json', ...onlyIpv4('127.0.0.1:0')]
    const shell = `exec "$0" "$@" 2>&1 >/dev/full`
    const command = ['-c', shell, process.execPath, ...binaryArguments(...args)]
    const child = startProcess(t, 'sh', command, { env: cleanEnvironment() })
    const [line] = await child.waitForLines('stdout', /Events can't be written/)
    assert.match(line, /^error: Events can't be written to stdout any more: .*ENOSPC/)
    const { code } = await child.stop('SIGTERM')
    assert.equal(code, 0)
  })

  it('says that there is nothing to reload, and serves on', async t => {
    const tracker = await startTracker(t, { families: [4] })
    const client = await UdpClient.connected({ address: '127.0.0.1', port: tracker.port(4) })
    let notices = 0
    for (const name of ['SIGHUP', 'SIGUSR1'] as const) {
      tracker.process.signal(name)
      notices++
      await tracker.process.waitForLines('stdout', /there is nothing to reload: no access list/, notices)
      assert.equal((await client.announce({ infoHash: infoHash(1) })).action, 1)
    }
    client.close()
    assert.equal((await tracker.stop()).code, 0)
  })

  it('serves again on the same port after a restart', async t => {
    // On an address where nobody else opens sockets, so that nobody takes the port in between.
    const on = (port: number) => ({ 'network.address_ipv4': `127.0.77.1:${port}` })
    const first = await startTracker(t, { families: [4], settings: on(0) })
    const port = first.port(4)
    await first.stop()
    const again = await startTracker(t, { families: [4], settings: on(port) })
    assert.equal(again.port(4), port)
    await again.stop()
  })

  it('does not share a port with another tracker', async t => {
    const first = await startTracker(t, { families: [4] })
    const { code, stderr } = await runToEnd(t, 'serve', 'udp', ...onlyIpv4(`127.0.0.1:${first.port(4)}`))
    assert.equal(code, 1)
    assert.match(stderr, /another program uses this port/)
    await first.stop()
  })

  it('names an address that this machine does not have', async t => {
    const { code, stderr } = await runToEnd(t, 'serve', 'udp', ...onlyIpv4('192.0.2.1:3000'))
    assert.equal(code, 1)
    assert.match(
      stderr,
      /no network interface of this machine has the address 192\.0\.2\.1 \(EADDRNOTAVAIL\)/,
    )
  })

  it('names a file that is not there, with exit code 2', async t => {
    const { code, stderr } = await runToEnd(t, 'serve', 'udp', '-c', 'no-such-file.toml')
    assert.equal(code, 2)
    assert.match(stderr, /no-such-file\.toml/)
  })

  it('reads its configuration from a pipe, and refuses one that nobody writes to', async t => {
    if (!meets(t, { 'bash is not installed': !canRun('bash', ['--version']) })) return
    const text = '[network]\nuse_ipv6 = false\naddress_ipv4 = "127.0.0.1:0"\n'
    const program = 'exec "$@" -c <(printf %s "$0")'
    const args = ['-c', program, text, process.execPath, ...binaryArguments('serve', 'udp', '--json')]
    const tracker = startProcess(t, 'bash', args, { env: cleanEnvironment() })
    const lines = await tracker.waitForLines('stdout', /"event":"listening"/)
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /"address":"127\.0\.0\.1"/)
    assert.equal((await tracker.stop()).code, 0)
    const fifo = join(scratchDirectory(t), 'tracker.toml')
    execFileSync('mkfifo', [fifo])
    const { code, stderr } = await runToEnd(t, 'serve', 'udp', '-c', fifo)
    assert.equal(code, 2)
    assert.match(
      stderr,
      /^error: Cannot read .*tracker\.toml: it is a pipe, and nothing was written to it\.\n {2}try: /,
    )
  })

  it('ends at the first signal while its configuration is still being written', async t => {
    const fifo = join(scratchDirectory(t), 'tracker.toml')
    execFileSync('mkfifo', [fifo])
    for (const [command, signal, expected] of [
      ['serve', 'SIGTERM', 0],
      ['serve', 'SIGINT', 130],
      ['loadtest', 'SIGINT', 130],
    ] as const) {
      const tracker = startProcess(t, process.execPath, binaryArguments(command, 'udp', '-c', fifo), {
        env: cleanEnvironment(),
      })
      // Resolves when the tracker has the other end open.
      const writer = await open(fifo, 'w')
      const { code, stderr } = await tracker.stop(signal)
      await writer.close()
      assert.deepEqual([code, stderr], [expected, ''])
    }
  })

  it('names every problem of its configuration and starts nothing', async t => {
    const wrong = ['network.adress_ipv4=1', 'socket_workers=-1', 'network.engine=fast']
    const args = wrong.flatMap(setting => ['--set', setting])
    const { code, stdout, stderr } = await runToEnd(t, 'serve', 'udp', ...args)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.equal(stderr.split('\n').filter(line => line.startsWith('error:')).length, 3, stderr)
    assert.match(stderr, /network\.address_ipv4/)
  })

  it('refuses a privileged port to a process without the right', async t => {
    if (process.getuid?.() !== 0) return t.skip('needs root to give up rights in a controlled way')
    const firstPort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
    if (firstPort <= 80) return t.skip('this system lets everybody use port 80')
    const args = [
      '--bounding-set=-all',
      '--inh-caps=-all',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
    ]
    const command = [
      ...args,
      process.execPath,
      ...binaryArguments('serve', 'udp', ...onlyIpv4('127.0.0.1:80')),
    ]
    const { code, stderr } = await startProcess(t, 'setpriv', command, { env: cleanEnvironment() }).ended
    assert.equal(code, 1, stderr)
    assert.match(stderr, /ports below 1024 need a right .*EACCES/)
  })
})

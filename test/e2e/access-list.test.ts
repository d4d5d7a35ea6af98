// Access lists of a running tracker: what they allow, how they are loaded again, and what goes wrong with files.

import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { hasOpen, isStopped } from '../support/proc-status.js'
import { engineMissing, meets } from '../support/requirement.js'
import { startTracker, type TrackerProcess } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash, scrapeRequest } from '../support/udp-messages.js'
import { UnixDatagrams } from '../support/unix-datagrams.js'

/** One turn of the event loop. */
const turn = promisify(setImmediate)

const ANNOUNCE = 1
const ERROR = 3

type Mode = 'allow' | 'deny'
type Settings = Record<string, string | number | boolean>

class ListedTracker {
  readonly path: string
  readonly tracker: TrackerProcess
  #signals = 0

  private constructor(tracker: TrackerProcess, path: string) {
    this.tracker = tracker
    this.path = path
  }

  static async start(
    t: TestContext,
    mode: Mode,
    list: string,
    settings: Settings,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<ListedTracker> {
    const folder = mkdtempSync(join(tmpdir(), 'aquatic-e2e-list-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'list.txt')
    writeFileSync(path, list)
    const lists = { 'access_list.mode': mode, 'access_list.path': path }
    const tracker = await startTracker(t, { families: [4], settings: { ...lists, ...settings }, environment })
    return new ListedTracker(tracker, path)
  }

  async client(t: TestContext): Promise<UdpClient> {
    const client = await UdpClient.connected({ address: '127.0.0.1', port: this.tracker.port(4) })
    t.after(() => client.close())
    return client
  }

  /** Sends a signal and waits until the tracker says what came of it. */
  async reload(signal: 'SIGHUP' | 'SIGUSR1' = 'SIGUSR1'): Promise<string> {
    this.#signals++
    this.tracker.process.signal(signal)
    return (await this.reports(this.#signals)).at(-1) as string
  }

  /** The first `count` reports about reloads. */
  async reports(count: number): Promise<string[]> {
    const lines = await this.tracker.process.waitForLines('stdout', /"access list (not )?updated/, count)
    return lines.map(line => JSON.parse(line).text)
  }
}

const lines = (...numbers: number[]): string => linesOf(numbers)

const linesOf = (numbers: readonly number[]): string =>
  numbers.map(number => `${infoHash(number).toString('hex')}\n`).join('')

async function actionFor(client: UdpClient, number: number): Promise<number> {
  const answer = await client.request(client.announcePacket({ infoHash: infoHash(number) }))
  return answer.readInt32BE(0)
}

/**
 * Waits until statistics tell of so many torrents, in the first or behind those of number `behind`: an interval that
 * ends between two announces tells of fewer than there will be. @returns the number of those that do
 */
async function untilTorrents({ tracker }: ListedTracker, torrents: number, behind = 0): Promise<number> {
  for (let count = behind + 1; ; count++) {
    const said = await tracker.process.waitForLines('stdout', /"event":"statistics"/, count)
    if (said[count - 1]!.includes(`"torrents":${torrents},`)) return count
  }
}

/** A file that begins so and goes on with zero bytes up to a length, without room on the disk for them. */
function writeLong(path: string, beginning: string, bytes = 2 ** 30): void {
  writeFileSync(path, beginning)
  const file = openSync(path, 'r+')
  ftruncateSync(file, bytes)
  closeSync(file)
}

/** Announces and scrapes torrent 1 without pause, one request after the other, until `isOver`. @returns how many */
async function load(client: UdpClient, isOver: () => boolean): Promise<number> {
  let requests = 0
  while (!isOver()) {
    const request =
      requests % 4 === 3
        ? scrapeRequest(client.connectionId, client.nextTransactionId(), [infoHash(1), infoHash(2)])
        : client.announcePacket({ infoHash: infoHash(1), port: client.localPort })
    const answer = await client.request(request)
    assert.notEqual(answer.readInt32BE(0), ERROR)
    requests++
  }
  return requests
}

for (const engine of ['native', 'node'] as const) {
  const settings: Settings = { 'network.engine': engine, socket_workers: 2 }

  describe(`access list (${engine})`, () => {
    it('serves what it allows, and goes over to another list at SIGHUP and SIGUSR1', async t => {
      if (!meets(t, engineMissing(engine))) return
      const listed = await ListedTracker.start(t, 'allow', lines(1), settings)
      // Some for each worker.
      const clients = await Promise.all(Array.from({ length: 8 }, () => listed.client(t)))
      const actions = async (number: number): Promise<Set<number>> =>
        new Set(await Promise.all(clients.map(client => actionFor(client, number))))
      assert.deepEqual([await actions(1), await actions(2)], [new Set([ANNOUNCE]), new Set([ERROR])])
      writeFileSync(listed.path, `\ufeff# two\r\n\r\n${lines(2, 3).replaceAll('\n', '\r\n')}`)
      assert.equal(await listed.reload('SIGHUP'), 'access list updated: 2 info hashes')
      assert.deepEqual([await actions(1), await actions(2)], [new Set([ERROR]), new Set([ANNOUNCE])])
      writeFileSync(listed.path, lines(1))
      assert.equal(await listed.reload('SIGUSR1'), 'access list updated: 1 info hash')
      assert.deepEqual([await actions(1), await actions(2)], [new Set([ANNOUNCE]), new Set([ERROR])])
      await listed.tracker.stop()
    })

    it('answers scrapes of a forbidden torrent with zeros', async t => {
      if (!meets(t, engineMissing(engine))) return
      const listed = await ListedTracker.start(t, 'deny', '', settings)
      const client = await listed.client(t)
      for (const number of [1, 2]) await actionFor(client, number)
      const counts = { seeders: 0, downloads: 0, leechers: 1 }
      const asked = [infoHash(1), infoHash(2)]
      assert.deepEqual(await client.scrape(asked), [counts, counts])
      writeFileSync(listed.path, lines(1))
      await listed.reload()
      assert.deepEqual(await client.scrape(asked), [{ ...counts, leechers: 0 }, counts])
      // It was the list: the torrent is still there.
      writeFileSync(listed.path, '')
      await listed.reload()
      assert.deepEqual(await client.scrape(asked), [counts, counts])
      await listed.tracker.stop()
    })

    it('lets forbidden torrents leave at the next cleaning', async t => {
      if (!meets(t, engineMissing(engine))) return
      const frequent = { 'cleaning.torrent_cleaning_interval': 1, 'statistics.interval': 1 }
      const watched = { ...settings, ...frequent, 'statistics.print_to_stdout': true }
      const listed = await ListedTracker.start(t, 'deny', '', watched)
      const client = await listed.client(t)
      for (const number of [1, 2, 3]) await actionFor(client, number)
      const full = await untilTorrents(listed, 3)
      writeFileSync(listed.path, lines(1, 3))
      await listed.reload()
      await untilTorrents(listed, 1, full)
      const { stdout } = await listed.tracker.stop()
      assert.match(stdout.trim().split('\n').at(-1) as string, /"torrents":1,"peers":1/)
    })

    it('keeps its list when a file is bad, serves on, and says each once with its line', async t => {
      if (!meets(t, engineMissing(engine))) return
      const listed = await ListedTracker.start(t, 'allow', lines(1), settings)
      const client = await listed.client(t)
      const { path } = listed
      const good = lines(2)
      const write = (text: string) => () => writeFileSync(path, text)
      const bad: [prepare: () => void, said: RegExp][] = [
        [write(`${good}${good.slice(1)}`), /list\.txt:2: expected an info hash .*, found 39\./],
        [
          write(`${good}\r\n${good.trim()}0\r\n`),
          /list\.txt:3: expected an info hash .*, found more than 40\./,
        ],
        [write(`${good}${'rubbish '.repeat(100_000)}`), /list\.txt:2: .*, found "r"\./],
        [() => writeLong(path, good), /list\.txt:2: .*, found a byte of value 0x00\./],
        [() => writeLong(path, '0123456789'.repeat(1000)), /list\.txt:1: .*, found more than 40\./],
        [() => rmSync(path), /list\.txt: there is no such file\./],
        [() => mkdirSync(path), /list\.txt: it is a directory, not a regular file\./],
      ]
      for (const [prepare, said] of bad) {
        prepare()
        const report = await listed.reload()
        assert.match(report, /^access list not updated, the old one is kept: /)
        assert.match(report, said)
        assert.deepEqual([await actionFor(client, 1), await actionFor(client, 2)], [ANNOUNCE, ERROR])
      }
      rmSync(path, { recursive: true })
      writeFileSync(path, good)
      assert.equal(await listed.reload(), 'access list updated: 1 info hash')
      assert.deepEqual([await actionFor(client, 1), await actionFor(client, 2)], [ERROR, ANNOUNCE])
      const { stdout } = await listed.tracker.stop()
      assert.equal(stdout.match(/"access list (not )?updated/g)?.length, bad.length + 1)
    })

    it('answers while a list is being read', async t => {
      if (!meets(t, engineMissing(engine))) return
      const listed = await ListedTracker.start(t, 'deny', '', settings)
      const client = await listed.client(t)
      writeLong(listed.path, '#', 2 ** 27)
      const isReading = (): boolean => hasOpen(listed.tracker.process.pid as number, listed.path)
      let isShown = false
      // A load may be over before a busy machine has run this process again: one of forty is not.
      for (let round = 0; !isShown && round < 40; round++) {
        let isOver = false
        const reload = listed.reload().finally(() => {
          isOver = true
        })
        while (!isOver && !isReading()) await turn()
        assert.equal(await actionFor(client, 1), ANNOUNCE)
        isShown = isReading()
        await reload
      }
      assert.ok(isShown, 'an answer comes before the list is read')
      await listed.tracker.stop()
    })

    it('loses no request while it is loaded again and again under load', async t => {
      if (!meets(t, engineMissing(engine))) return
      const many = Array.from({ length: 200_000 }, (_, index) => index + 1)
      const listed = await ListedTracker.start(t, 'allow', lines(1, 2), settings)
      const clients = await Promise.all(Array.from({ length: 8 }, () => listed.client(t)))
      let isOver = false
      const loads = clients.map(client => load(client, () => isOver))
      for (let round = 0; round < 4; round++) {
        const numbers = round % 2 === 0 ? many : [1, 2]
        writeFileSync(listed.path, linesOf(numbers))
        const said = await listed.reload(round < 2 ? 'SIGUSR1' : 'SIGHUP')
        assert.equal(said, `access list updated: ${numbers.length.toLocaleString('en-US')} info hashes`)
      }
      isOver = true
      // Each waits for the answer to its last request: one that was lost would never come.
      const requests = (await Promise.all(loads)).reduce((sum, count) => sum + count)
      const stopped = JSON.parse((await listed.tracker.stop()).stdout.trim().split('\n').at(-1) as string)
      assert.deepEqual(
        [stopped.requests, stopped.responses, stopped.dropped, stopped.kernelDrops],
        [requests + clients.length, requests + clients.length, 0, 0],
      )
    })
  })
}

describe('reload', () => {
  it('warns of an empty list, at start and after, and goes by it', async t => {
    if (!meets(t, engineMissing('native'))) return
    for (const [mode, refused] of [
      ['allow', 'every'],
      ['deny', 'no'],
    ] as const) {
      const listed = await ListedTracker.start(t, mode, '# none yet\n', { socket_workers: 1 })
      const why = `${listed.path} is empty: ${refused} torrent is refused. Put info hashes into it, then send SIGHUP`
      const warnings = async (count: number): Promise<string> =>
        JSON.parse((await listed.tracker.process.waitForLines('stdout', /"event":"warning"/, count)).at(-1)!)
          .text
      assert.equal(await warnings(1), `the access list ${why}`)
      const client = await listed.client(t)
      assert.equal(await actionFor(client, 1), mode === 'allow' ? ERROR : ANNOUNCE)
      writeFileSync(listed.path, lines(1))
      assert.equal(await listed.reload(), 'access list updated: 1 info hash')
      writeFileSync(listed.path, '')
      assert.equal(await listed.reload(), `access list updated: ${why}`)
      assert.equal(await warnings(2), `access list updated: ${why}`)
      await listed.tracker.stop()
    }
  })

  it('takes signals during a load for one more load', async t => {
    if (!meets(t, engineMissing('native'))) return
    const listed = await ListedTracker.start(t, 'deny', '', { socket_workers: 1 })
    writeLong(listed.path, '#')
    const { process } = listed.tracker
    // The load is under way when the loading thread has the file open. The tracker stands still while the other signals
    // are sent, so that they come during it; if it ends before that, the next one is tried.
    let loads = 0
    for (let isUnderWay = false; !isUnderWay; ) {
      process.signal('SIGUSR1')
      const reported = listed.reports(loads + 1).then(() => true)
      let isOver = false
      void reported.then(() => {
        isOver = true
      })
      while (!isOver && !hasOpen(process.pid as number, listed.path)) await turn()
      process.signal('SIGSTOP')
      while (!isStopped(process.pid as number)) await turn()
      isUnderWay = hasOpen(process.pid as number, listed.path)
      if (isUnderWay) for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGHUP'] as const) process.signal(signal)
      process.signal('SIGCONT')
      await reported
      loads++
    }
    await listed.reports(loads + 1)
    writeFileSync(listed.path, lines(1))
    process.signal('SIGUSR1')
    const reports = await listed.reports(loads + 2)
    assert.match(reports[loads + 1]!, /: 1 info hash$/, 'two loads for four signals')
    await listed.tracker.stop()
  })

  it('is told to the service manager, well or not, also where there is nothing to reload', async t => {
    if (!meets(t, engineMissing('native'))) return
    const name = `@aquatic-e2e-reload-${process.pid}`
    const manager = new UnixDatagrams(t, name)
    const environment = { NOTIFY_SOCKET: name }
    const listed = await ListedTracker.start(t, 'deny', lines(1), { socket_workers: 1 }, environment)
    const ready = await manager.message(/^READY=1$/m)
    for (const list of [lines(2), 'bad']) {
      const heard = manager.received.length
      writeFileSync(listed.path, list)
      await listed.reload('SIGHUP')
      await manager.message(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/, heard)
      assert.equal(await manager.message(/^READY=1$/m, heard), ready)
    }
    await listed.tracker.stop()
    const heard = manager.received.length
    const other = await startTracker(t, { families: [4], environment })
    await manager.message(/^READY=1$/m, heard)
    other.process.signal('SIGHUP')
    await manager.message(/^RELOADING=1$/m, heard)
    await manager.message(/^READY=1$/m, manager.received.length - 1)
    await other.stop()
  })
})

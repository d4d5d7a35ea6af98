// The scrape export of a real tracker: what clients announced is what stands in the file, and the file is whole.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { type RunningProcess, startProcess } from '../support/child-process.js'
import { engineMissing, meets } from '../support/requirement.js'
import {
  binaryArguments,
  cleanEnvironment,
  type Family,
  hasIpv6Loopback,
  startTracker,
  type TrackerOptions,
} from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'

const families: readonly Family[] = hasIpv6Loopback() ? [4, 6] : [4]

function settingsFor(path: string): TrackerOptions['settings'] {
  return {
    'cleaning.torrent_cleaning_interval': 1,
    'scrape_exports.enable_scrape_exports': true,
    'scrape_exports.frequency': 1,
    'scrape_exports.path': path,
  }
}

function clientOf(port: number, family: Family): Promise<UdpClient> {
  return UdpClient.connected({ address: family === 4 ? '127.0.0.1' : '::1', port })
}

/** Resolves when `look` is content, which is asked whenever something happens in the directory. */
async function untilInDirectory(t: TestContext, directory: string, look: () => boolean): Promise<void> {
  const controller = new AbortController()
  t.after(() => controller.abort())
  await new Promise<void>(resolve => {
    const check = (): void => {
      if (look()) resolve()
    }
    watch(directory, { signal: controller.signal }, check)
    check()
  })
  controller.abort()
}

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).sort() : []

for (const engine of ['native', 'node'] as const) {
  describe(`scrape export of serve udp (${engine})`, () => {
    it('has the counts of both families, without those who left', async t => {
      if (!meets(t, engineMissing(engine))) return
      const directory = scratchDirectory(t)
      const path = join(directory, 'export.txt')
      const settings = { ...settingsFor(path), 'network.engine': engine }
      const tracker = await startTracker(t, { families, settings })
      const expected: string[] = []
      for (const family of families) {
        const client = await clientOf(tracker.port(family), family)
        // More peers than a small set holds, then a small one, then one that everybody left.
        for (let port = 1; port <= 600; port++)
          await client.announce({ infoHash: infoHash(1), port, left: port <= 200 ? 0n : 1n })
        await client.announce({ infoHash: infoHash(1 + family), port: 1, left: 0n })
        await client.announce({ infoHash: infoHash(3), port: 1 })
        await client.announce({ infoHash: infoHash(3), port: 1, event: 3 })
        client.close()
        expected.push(`${family} ${infoHash(1).toString('hex')} 200 400`)
        expected.push(`${family} ${infoHash(1 + family).toString('hex')} 1 0`)
      }
      const wanted = expected.sort().join('\n')
      await untilInDirectory(t, directory, () => linesOf(path).join('\n') === wanted)
      assert.equal((await tracker.stop()).code, 0)
      assert.deepEqual(readdirSync(directory), [basename(path)])
    })
  })
}

describe('scrape export of serve udp', () => {
  it('is a whole file whenever it is opened', async t => {
    const directory = scratchDirectory(t)
    const path = join(directory, 'export.txt')
    const tracker = await startTracker(t, { families: [4], settings: settingsFor(path) })
    const torrents = await announceMany(tracker.port(4), 30_000)
    await untilInDirectory(t, directory, () => linesOf(path).length === torrents)
    const written = new Set<bigint>()
    let looks = 0
    // Half of the looks come while one is being written: each writes 1.4 MB.
    while (written.size < 4) {
      await new Promise(resolve => setImmediate(resolve))
      const text = readFileSync(path, 'latin1')
      assert.equal(text.length, torrents * 47, `look ${looks}`)
      assert.ok(text.endsWith('\n'))
      // A file system may give the next file the number of the last one.
      written.add(statSync(path, { bigint: true }).mtimeNs)
      looks++
    }
    assert.equal((await tracker.stop()).code, 0)
    assert.deepEqual(readdirSync(directory), ['export.txt'])
  })

  it('is said once to fail on a full disk, keeps the last one, and clients notice nothing', async t => {
    const directory = scratchDirectory(t)
    const path = join(directory, 'export.txt')
    const settings = {
      ...settingsFor(path),
      'network.address_ipv4': '127.0.0.1:0',
      'network.use_ipv6': false,
    }
    const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    // Files of 512 bytes at most: to the tracker that is a disk with so much room.
    const command = ['-c', 'ulimit -f 1 && exec "$@"', 'sh', process.execPath]
    const args = [...command, ...binaryArguments('serve', 'udp', ...sets)]
    const tracker = startProcess(t, 'sh', args, { env: cleanEnvironment() })
    const client = await clientOf(await portOf(tracker), 4)
    await client.announce({ infoHash: infoHash(1), port: 1 })
    await untilInDirectory(t, directory, () => linesOf(path).length === 1)
    for (let torrent = 2; torrent <= 100; torrent++) await client.announce({ infoHash: infoHash(torrent) })
    await tracker.waitForLines('stderr', /warn +the scrape export can't be written to .*export\.txt \(EFBIG/)
    // Announces are answered while it fails again and again.
    let changes = 0
    await untilInDirectory(t, directory, () => ++changes > 6)
    for (let torrent = 2; torrent <= 100; torrent++)
      await client.announce({ infoHash: infoHash(torrent), event: 3 })
    await tracker.waitForLines('stderr', /the scrape export is written to .*export\.txt again, after/)
    // The first one that fits may still have some of those that were leaving.
    const remaining = `4 ${infoHash(1).toString('hex')} 0 1`
    await untilInDirectory(t, directory, () => linesOf(path).join('\n') === remaining)
    client.close()
    const { stderr, code } = await tracker.stop()
    assert.equal(code, 0)
    assert.equal(stderr.match(/can't be written/g)?.length, 1)
    assert.deepEqual(readdirSync(directory), ['export.txt'])
  })

  it('is tried again when its directory is there', async t => {
    const directory = join(scratchDirectory(t), 'later')
    const path = join(directory, 'export.txt')
    const settings = {
      ...settingsFor(path),
      'network.address_ipv4': '127.0.0.1:0',
      'network.use_ipv6': false,
    }
    const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const tracker = startProcess(t, process.execPath, binaryArguments('serve', 'udp', ...sets), {
      env: cleanEnvironment(),
    })
    await portOf(tracker)
    await tracker.waitForLines(
      'stderr',
      /the scrape export can't be written to .*\(there is no directory .*tried again/,
    )
    mkdirSync(directory)
    await tracker.waitForLines('stderr', /the scrape export is written to .* again, after/)
    assert.equal((await tracker.stop()).code, 0)
    assert.equal(readFileSync(path, 'utf8'), '')
  })
})

async function portOf(tracker: RunningProcess): Promise<number> {
  const [line] = await tracker.waitForLines('stderr', /^listening udp/)
  return Number(/:(\d+) /.exec(line)?.[1])
}

/** Announces so many torrents, many at a time. @returns their number */
async function announceMany(port: number, torrents: number): Promise<number> {
  const client = await clientOf(port, 4)
  for (let first = 0; first < torrents; first += 50) {
    const wave = Array.from({ length: 50 }, (_, index) =>
      client.announce({ infoHash: infoHash(first + index), port: 1 }),
    )
    await Promise.all(wave)
  }
  client.close()
  return torrents
}

// A full disk under statistics, exports and the log: it is counted and said once, nobody who asks notices, and when
// there is room again everything is written again.

import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, unwatchFile, watchFile } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { startProcess } from '../support/child-process.js'
import { sumOf } from '../support/metrics.js'
import { binaryArguments, cleanEnvironment } from '../support/tracker-process.js'
import { UdpClient } from '../support/udp-client.js'
import { infoHash } from '../support/udp-messages.js'
import { meetsSmallDisk, PAGE_BYTES, SmallDisk } from './small-disk.js'
import { assertAsBefore, underLoad } from './under-load.js'

/** Room for one more of everything that is written here. */
const DISK_BYTES = 512 << 10

describe('a full disk', () => {
  it('under statistics and exports: counted, said once, nobody notices, and written again', async t => {
    if (!meetsSmallDisk(t)) return
    const disk = await SmallDisk.mount(t, DISK_BYTES)
    const files = ['statistics.json', 'statistics.html', 'export.txt']
    const [json, html, exported] = files.map(name => disk.path(name))
    const set = {
      'statistics.write_json_to_file': true,
      'statistics.json_file_path': json,
      'statistics.write_html_to_file': true,
      'statistics.html_file_path': html,
      'scrape_exports.enable_scrape_exports': true,
      'scrape_exports.frequency': 1,
      'scrape_exports.path': exported,
      'cleaning.torrent_cleaning_interval': 1,
    }
    const aftermath = await underLoad(t, { protocols: ['udp', 'http'], set }, async tracker => {
      const said = (pattern: RegExp) => tracker.process.waitForLines('stdout', pattern, 1)
      const failing = files.map(name => new RegExp(`can't be written to [^ ]*${name} \\(the disk is full\\)`))
      const mended = files.map(name => new RegExp(`written to [^ ]*${name} again, after`))
      await disk.keepFull(Promise.all(failing.map(said)), () => tracker.metrics())
      // What was written before is whole.
      assert.ok(JSON.parse(readFileSync(json, 'utf8')))
      assert.deepEqual(await tracker.missingPeers(), [])
      await tracker.loadArrives(1000)
      disk.free()
      await Promise.all(mended.map(said))
      const metrics = await tracker.freshMetrics()
      const failures = sumOf(metrics, 'aquatic_statistics_output_failures_total')
      assert.ok(failures >= 2, 'both statistics files are counted')
      const exports = (result: string): number =>
        sumOf(metrics, 'aquatic_scrape_exports_total', `result="${result}"`)
      assert.ok(exports('failed') >= 1 && exports('written') >= 1, 'exports are counted by their result')
      const text = readFileSync(exported, 'utf8')
      for (const hash of [infoHash(0xfa00_0000), infoHash(0xfb00_0000)])
        assert.match(text, new RegExp(`^4 ${hash.toString('hex')} \\d 5$`, 'm'))
    })
    assertAsBefore(t, aftermath)
    for (const name of files) {
      const told = aftermath.end.stdout.matchAll(new RegExp(`(can't be )?written to [^ ]*${name} `, 'g'))
      const isFailing = [...told].map(([, failing]) => failing !== undefined)
      // Once, as a rule; the disk may have had room for a moment while it was being filled.
      assert.ok(isFailing.length >= 2)
      assert.deepEqual(
        isFailing,
        isFailing.map((_, index) => index % 2 === 0),
        `each change of ${name} is said once`,
      )
    }
    assert.deepEqual(disk.names(), files.sort(), 'no half of a file is left')
  })

  it('under the log: lines are lost, the service is not, and later lines are written again', async t => {
    if (!meetsSmallDisk(t)) return
    const disk = await SmallDisk.mount(t, DISK_BYTES)
    for (const stream of ['events.jsonl', 'log'] as const) {
      const path = disk.path(stream)
      const flags = stream === 'log' ? [] : ['--json']
      const sets = ['network.address_ipv4=127.0.0.1:0', 'network.use_ipv6=false', 'statistics.interval=1']
      const args = [...sets, 'statistics.print_to_stdout=true'].flatMap(set => ['--set', set])
      const redirected = stream === 'log' ? 'exec "$@" 2>>"$0"' : 'exec "$@" >>"$0"'
      const command = [process.execPath, ...binaryArguments('serve', 'udp', ...flags, ...args)]
      const tracker = startProcess(t, 'sh', ['-c', redirected, path, ...command], { env: cleanEnvironment() })
      const portOf = /listening udp 127\.0\.0\.1:(\d+) |"listening".*"port":(\d+)/
      await untilFile(t, path, text => portOf.test(text))
      const [, ...ports] = portOf.exec(readFileSync(path, 'utf8')) ?? []
      const port = Number(ports.find(Boolean))
      disk.fill()
      // Its last page still has room. When that is full too, a line has been cut off and the next ones are lost.
      fillPage(path)
      await untilFile(t, path, () => statSync(path).size % PAGE_BYTES === 0)
      const full = readFileSync(path, 'utf8').length
      const client = await UdpClient.connected({ address: '127.0.0.1', port })
      t.after(() => client.close())
      for (let peer = 1; peer <= 100; peer++) await client.announce({ port: peer })
      disk.free()
      await untilFile(t, path, text => text.length > full)
      const { leechers } = await client.announce({ port: 101 })
      assert.ok(leechers >= 100, 'all peers are there')
      assert.equal((await tracker.stop()).code, 0)
      assert.match(readFileSync(path, 'utf8'), stream === 'log' ? /\nstopped after / : /"event":"stopped"/)
    }
  })
})

/** Leaves a few bytes of the last page of a file; none, where the tracker writes at the same time. */
function fillPage(path: string): void {
  const room = PAGE_BYTES - (statSync(path).size % PAGE_BYTES)
  try {
    if (room > 10) appendFileSync(path, ' '.repeat(room - 10))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** Resolves when the text of a file is as wanted. */
function untilFile(t: TestContext, path: string, isWanted: (text: string) => boolean): Promise<void> {
  t.after(() => unwatchFile(path))
  return new Promise(resolve => {
    const look = (): void => {
      if (!isWanted(readFileSync(path, { encoding: 'utf8', flag: 'a+' }))) return
      unwatchFile(path)
      resolve()
    }
    watchFile(path, { interval: 50 }, look)
    look()
  })
}

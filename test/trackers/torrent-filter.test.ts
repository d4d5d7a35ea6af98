import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AccessList } from '../../src/swarm/access-list.js'
import {
  createFilterVersions,
  FilterVersions,
  listOf,
  TorrentFilter,
  type TorrentFilterData,
} from '../../src/trackers/torrent-filter.js'

type Hash = [number, number, number, number, number]
const hashOf = (number: number): Hash => [number, 0, 0, 0, 1]

/** Data for two workers, and a way to put a list of some hashes in the place that is not in use. */
function share(): { data: TorrentFilterData; versions: FilterVersions; prepare(...numbers: number[]): void } {
  const lists = [AccessList.reserve(10_000), AccessList.reserve(10_000)] as const
  const data: TorrentFilterData = { mode: 'deny', lists, versions: createFilterVersions(2) }
  const versions = new FilterVersions(data.versions)
  const prepare = (...numbers: number[]): void => {
    const list = AccessList.startIn(lists[listOf(versions.current + 1)], numbers.length)
    for (const number of numbers) list.add(...hashOf(number))
  }
  prepare(1)
  versions.publish()
  return { data, versions, prepare }
}

/** Which of the numbers 1 to 3 a filter refuses in a batch. */
function refused(filter: TorrentFilter): number[] {
  filter.begin()
  const numbers = [1, 2, 3].filter(number => !filter.allows(...hashOf(number)))
  filter.end()
  return numbers
}

describe('torrent filter', () => {
  it('goes by the newest list in each batch, whatever it went by before', () => {
    const { data, versions, prepare } = share()
    const filter = new TorrentFilter(data, 0)
    assert.deepEqual(refused(filter), [1])
    for (const numbers of [[2, 3], [], [1, 2, 3], [3]]) {
      prepare(...numbers)
      assert.deepEqual(refused(filter), refused(filter), 'nothing is published yet')
      versions.publish()
      assert.deepEqual(refused(filter), numbers)
    }
  })

  it('keeps one list for the whole of a batch, and the main thread sees that', () => {
    const { data, versions, prepare } = share()
    const [busy, idle] = [new TorrentFilter(data, 0), new TorrentFilter(data, 1)]
    busy.begin()
    prepare(2)
    assert.equal(versions.isOldInUse, false, 'nothing published')
    versions.publish()
    assert.equal(versions.isOldInUse, true)
    assert.equal(busy.allows(...hashOf(1)), false)
    assert.equal(busy.allows(...hashOf(2)), true)
    idle.begin()
    assert.equal(idle.allows(...hashOf(2)), false)
    busy.end()
    assert.equal(versions.isOldInUse, false, 'the other batch goes by the new list')
    idle.end()
    assert.deepEqual(refused(busy), [2])
  })

  it('forgets a worker that ended in the middle of a batch when its successor starts', () => {
    const { data, versions } = share()
    new TorrentFilter(data, 1).begin()
    versions.publish()
    assert.equal(versions.isOldInUse, true)
    new TorrentFilter(data, 0)
    assert.equal(versions.isOldInUse, true, 'another worker')
    new TorrentFilter(data, 1)
    assert.equal(versions.isOldInUse, false)
  })
})

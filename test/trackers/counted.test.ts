import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted } from '../../src/trackers/counted.js'

test('one thing is no plural, and thousands are set apart', () => {
  assert.deepEqual(
    [0, 1, 2, 1234567].map(count => counted(count, 'torrent')),
    ['0 torrents', '1 torrent', '2 torrents', '1,234,567 torrents'],
  )
})

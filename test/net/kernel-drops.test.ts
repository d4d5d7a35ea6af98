import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sumDrops } from '../../src/net/kernel-drops.js'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  371: 0100007F:0BB8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29251 2 0000000000000000 17
  371: 0100007F:0BB8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29252 2 0000000000000000 5
  372: 00000000:0BB9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29253 2 0000000000000000 100
`

describe('kernel drop counters', () => {
  it('adds up the sockets on the given ports', () => {
    assert.equal(sumDrops(table, [3000]), 22)
    assert.equal(sumDrops(table, [3000, 3001]), 122)
    assert.equal(sumDrops(table, [1]), 0)
  })
})

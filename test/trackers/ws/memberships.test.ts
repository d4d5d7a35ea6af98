// The lists of members that connections have, against plain sets.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Memberships } from '../../../src/trackers/ws/memberships.js'

const CONNECTIONS = 4

it('are what sets are, whatever is added, removed and forgotten', () => {
  const step = fc.record({
    connection: fc.nat({ max: CONNECTIONS - 1 }),
    member: fc.integer({ min: 1, max: 12 }),
    action: fc.constantFrom('add', 'add', 'remove', 'pop'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
      const memberships = new Memberships(CONNECTIONS)
      const sets = Array.from({ length: CONNECTIONS }, () => new Set<number>())
      for (const { connection, member, action } of steps) {
        const set = sets[connection]!
        if (action === 'add' && !set.has(member)) {
          memberships.add(connection, member)
          set.add(member)
        } else if (action === 'remove') {
          memberships.remove(connection, member)
          set.delete(member)
        } else if (action === 'pop') {
          const popped = memberships.pop(connection)
          assert.equal(set.delete(popped), popped !== 0)
          assert.ok(popped !== 0 || set.size === 0)
        }
        sets.forEach((other, index) => {
          assert.equal(memberships.count(index), other.size)
          for (let number = 0; number <= 12; number++) {
            assert.equal(memberships.has(index, number), other.has(number))
          }
        })
      }
    }),
    { numRuns: 200 },
  )
})

it('grow beyond what there is room for at first, and use again what was given back', () => {
  const memberships = new Memberships(2)
  for (let round = 0; round < 3; round++) {
    for (let member = 1; member <= 5000; member++) memberships.add(member % 2, member)
    assert.deepEqual([memberships.count(0), memberships.count(1)], [2500, 2500])
    const popped = new Set<number>()
    for (const connection of [0, 1]) {
      for (let member = memberships.pop(connection); member !== 0; member = memberships.pop(connection)) {
        assert.equal(member % 2, connection)
        popped.add(member)
      }
      assert.equal(memberships.count(connection), 0)
    }
    assert.equal(popped.size, 5000)
    assert.equal(memberships.places, 8192)
  }
})

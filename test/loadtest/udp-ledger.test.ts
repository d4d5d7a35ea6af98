import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Match, RequestLedger } from '../../src/loadtest/udp/ledger.js'

/** Opens a request over a socket. @returns its slot and transaction id */
function open(ledger: RequestLedger, socket = 0): { slot: number; transaction: number } {
  const slot = ledger.open()
  ledger.sockets[slot] = socket
  return { slot, transaction: ledger.transactions[slot] }
}

/** Uses every slot once more, so that each is a generation further. */
function turnOver(ledger: RequestLedger): void {
  for (let count = 0; count < ledger.capacity; count++) ledger.close(ledger.open())
}

describe('The ledger of UDP requests in flight', () => {
  it('finds a request by its transaction id, over its own socket alone', () => {
    const ledger = new RequestLedger(1)
    const { slot, transaction } = open(ledger, 3)
    assert.equal(ledger.match(transaction, 3), slot)
    assert.equal(ledger.match(transaction, 4), Match.unknown)
    assert.equal(ledger.count, 1)
  })

  it('tells a second answer from a late one, and both from an answer to nothing', () => {
    const ledger = new RequestLedger(1)
    const answered = open(ledger)
    ledger.close(answered.slot)
    assert.equal(ledger.match(answered.transaction, 0), Match.duplicate)
    const lost = open(ledger)
    ledger.expire(lost.slot)
    assert.equal(ledger.match(lost.transaction, 0), Match.late)
    assert.equal(ledger.match(lost.transaction, 0), Match.duplicate, 'the second late answer')
    assert.equal(ledger.match(0x7777_7777, 0), Match.unknown)
    assert.equal(ledger.match(ledger.capacity - 1, 0), Match.unknown, 'a slot that was never used')
  })

  it('remembers 32 requests of a slot', () => {
    const ledger = new RequestLedger(1)
    const answered = open(ledger)
    ledger.close(answered.slot)
    const lost = open(ledger)
    ledger.expire(lost.slot)
    turnOver(ledger)
    for (let generation = 1; generation < 31; generation++) turnOver(ledger)
    assert.equal(ledger.match(answered.transaction, 0), Match.duplicate)
    assert.equal(ledger.match(lost.transaction, 0), Match.late)
    assert.equal(ledger.match(lost.transaction, 0), Match.duplicate)
    turnOver(ledger)
    assert.equal(ledger.match(lost.transaction, 0), Match.unknown)
  })

  it('has the oldest at hand, whatever else ends', () => {
    const ledger = new RequestLedger(1)
    const slots = Array.from({ length: 5 }, () => open(ledger).slot)
    assert.equal(ledger.oldest(), slots[0])
    ledger.close(slots[2])
    ledger.close(slots[0])
    assert.equal(ledger.oldest(), slots[1])
    ledger.expire(slots[1])
    assert.equal(ledger.oldest(), slots[3])
    ledger.close(slots[4])
    ledger.close(slots[3])
    assert.equal(ledger.oldest(), -1)
  })

  it('has the slots it is asked for, within its bounds, and says when it is full', () => {
    assert.equal(new RequestLedger(1).capacity, 4096)
    assert.equal(new RequestLedger(5000).capacity, 8192)
    const largest = new RequestLedger(1e9)
    assert.equal(largest.capacity, 1 << 20)
    for (let count = 0; count < largest.capacity; count++) {
      assert.equal(largest.isFull, false)
      largest.open()
    }
    assert.equal(largest.isFull, true)
    largest.close(largest.oldest())
    assert.equal(largest.isFull, false)
  })

  it('goes on when the generations of a slot are used up', () => {
    const ledger = new RequestLedger(1 << 20)
    const generations = 1 << 12
    const first = open(ledger)
    ledger.close(first.slot)
    // Turning the whole ledger over 4,096 times would take a minute: the slot is put near its end instead.
    ledger.transactions[1] = ((generations - 1) << 20) | 1
    const { slot, transaction } = open(ledger)
    assert.equal(slot, 1)
    assert.equal(transaction >>> 20, 1)
    assert.equal(ledger.match(transaction, 0), slot)
  })

  it('does what a plain map does', () => {
    const steps = fc.array(fc.constantFrom('open', 'close', 'expire', 'answer'), { maxLength: 400 })
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (todo, numbers) => {
        const ledger = new RequestLedger(1)
        const inFlight = new Map<number, number>()
        const fates = new Map<number, 'answered' | 'lost'>()
        for (const step of todo) {
          if (step === 'open') {
            const { slot, transaction } = open(ledger)
            inFlight.set(transaction, slot)
          } else if (step === 'answer') {
            const ended = [...fates]
            if (ended.length === 0) continue
            const [transaction, fate] = ended[numbers.next().value % ended.length]
            assert.equal(ledger.match(transaction, 0), fate === 'lost' ? Match.late : Match.duplicate)
            fates.set(transaction, 'answered')
          } else if (inFlight.size > 0) {
            const [transaction, slot] = [...inFlight][numbers.next().value % inFlight.size]
            assert.equal(ledger.match(transaction, 0), slot)
            ledger[step](slot)
            inFlight.delete(transaction)
            fates.set(transaction, step === 'close' ? 'answered' : 'lost')
          }
          assert.equal(ledger.count, inFlight.size)
          assert.equal(ledger.oldest(), [...inFlight.values()][0] ?? -1)
        }
      }),
      { numRuns: 60 },
    )
  })
})

// What the tests of inboxes share: messages told apart by their payload.
import assert from 'node:assert/strict'
import { RelayKind, RelayMessage } from '../../../src/trackers/ws/inbox.js'

/** A message with something in every field, which `checkMessage` expects. */
export function fillMessage(message: RelayMessage, from: number, number: number): void {
  message.kind = number % 3 === 0 ? RelayKind.answer : RelayKind.offer
  message.member = number
  message.fromWorker = from
  message.fromMember = ~number
  message.offerKey0 = Math.imul(number, 0x9e3779b1)
  message.offerKey1 = number ^ 0x5a5a5a5a
  for (let word = 0; word < 5; word++) message.hashWords[word] = number + word * from
}

/** Bytes of a payload that differ with sender, number and place. */
export function fillPayload(payload: Uint8Array, from: number, number: number): void {
  for (let at = 0; at < payload.length; at++) payload[at] = from * 31 + number * 7 + at
}

/** @returns the message's number */
export function checkMessage(
  message: RelayMessage,
  payload: Uint8Array,
  start: number,
  end: number,
  payloadBytes: number,
): number {
  const { fromWorker: from, member: number } = message
  const expected = new RelayMessage()
  fillMessage(expected, from, number)
  assert.deepEqual(message, expected)
  assert.equal(end - start, payloadBytes)
  for (let at = start; at < end; at++) {
    if (payload[at] !== ((from * 31 + number * 7 + at - start) & 0xff)) {
      assert.fail(`payload of message ${number} from ${from} is wrong at ${at - start}`)
    }
  }
  return number
}

/** Counts a wake-up of a worker in shared memory. */
export function wake(wakes: SharedArrayBuffer, worker: number): void {
  Atomics.add(new Int32Array(wakes), worker, 1)
}

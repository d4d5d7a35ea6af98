// A message as the tracker reads it, against JSON.parse and a recursive walk.

import assert from 'node:assert/strict'
import { MessageStatus } from '../../../src/protocol/webtorrent/request.js'
import { limits, MessageReader } from './messages.js'
import { referenceMessage } from './reference.js'

const reader = new MessageReader()

/**
 * What is read from bytes at an offset of the reader's room; throws where the reference reads something else.
 * @returns undefined for bytes that are no UTF-8, which are refused
 */
export function compareMessage(
  bytes: Uint8Array,
  offset: number,
): ReturnType<MessageReader['read']> | undefined {
  const text = Buffer.from(bytes).toString()
  const found = reader.read(bytes, offset)
  if (!Buffer.from(text).equals(bytes)) {
    // What is no UTF-8 is no text.
    assert.ok(found.status === MessageStatus.notJson || found.status === MessageStatus.tooDeep)
    return undefined
  }
  const expected = referenceMessage(text, limits)
  if (expected.status > MessageStatus.notObject || expected.status < MessageStatus.notJson) {
    assert.deepEqual(found, expected)
  } else if (expected.status !== MessageStatus.notJson || found.status !== MessageStatus.tooDeep) {
    assert.equal(found.status, expected.status)
  } else {
    // A text may be too deep before it is found to be no JSON.
    assert.ok((text.match(/[[{]/g) ?? []).length > limits.maxDepth)
  }
  return found
}

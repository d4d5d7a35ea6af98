// A name or word with an escaped quote was taken for what stands in front of the quote: `{"action\"":"scrape"}` was a
// scrape of everything.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageEvent, MessageStatus } from '../../src/protocol/webtorrent/request.js'
import { compareMessage } from '../protocol/webtorrent/comparison.js'
import { messages } from '../protocol/webtorrent/messages.js'

const read = (message: unknown): ReturnType<typeof compareMessage> =>
  compareMessage(Buffer.from(JSON.stringify(message)), 0)

test('an escaped quote ends no name and no word', () => {
  for (const more of ['"', '":', '"x']) {
    assert.equal(read({ [`action${more}`]: 'scrape' })?.status, MessageStatus.missingAction)
    assert.equal(read({ ...messages.scrape, action: `scrape${more}` })?.status, MessageStatus.unknownAction)
    assert.equal(read({ ...messages.update, event: `stopped${more}` })?.event, MessageEvent.none)
  }
})

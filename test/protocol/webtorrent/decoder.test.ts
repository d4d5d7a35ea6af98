import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MessageAction,
  MessageEvent,
  MessageStatus,
  messageFailureTexts,
} from '../../../src/protocol/webtorrent/request.js'
import {
  infoHash,
  limits,
  MessageReader,
  messages,
  nothingFound,
  offerIdOf,
  offersOf,
  otherPeerId,
  type PlainMessage,
  peerId,
} from './messages.js'
import { referenceMessage } from './reference.js'

const reader = new MessageReader()
const identity = `"info_hash":${JSON.stringify(infoHash)},"peer_id":${JSON.stringify(peerId)}`
/** An announce with further members, as JSON. */
const announceWith = (rest: string): PlainMessage =>
  reader.read(`{"action":"announce",${identity}${rest === '' ? '' : `,${rest}`}}`)
const valid: PlainMessage = {
  ...nothingFound,
  status: MessageStatus.announce,
  action: MessageAction.announce,
  infoHash,
  peerId,
}

/** Every byte as \u00XX. */
const escapeAll = (text: string): string =>
  Array.from(text, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

describe('WebTorrent announces', () => {
  it('are read as clients send them', () => {
    const { started, completed, stopped, update } = messages
    const offers = offersOf(2).map(({ offer, offer_id }): [string, string] => [
      JSON.stringify(offer),
      offer_id,
    ])
    assert.deepEqual(reader.read(JSON.stringify(started)), {
      ...valid,
      event: MessageEvent.started,
      numwant: 2,
      offers,
    })
    assert.deepEqual(reader.read(JSON.stringify(completed)), {
      ...valid,
      event: MessageEvent.completed,
      isSeeder: true,
    })
    assert.deepEqual(reader.read(JSON.stringify(stopped)), { ...valid, event: MessageEvent.stopped })
    assert.deepEqual(reader.read(JSON.stringify(update)), { ...valid, numwant: 0 })
  })

  it('have identifiers of 20 characters up to U+00FF, raw or escaped', () => {
    const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
    for (let start = 0; start <= 256 - 20; start++) {
      const hash = everyByte.slice(start, start + 20)
      const rest = `"peer_id":"${escapeAll(hash)}","to_peer_id":${JSON.stringify(hash)}`
      const found = announceWith(
        `"info_hash":${JSON.stringify(hash)},${rest},"offer_id":"${escapeAll(hash)}"`,
      )
      assert.deepEqual(found, { ...valid, infoHash: hash, peerId: hash, toPeerId: hash, offerId: hash })
    }
    assert.equal(
      announceWith('"info_hash":"\\/\\b\\f\\n\\r\\t\\"\\\\\\u00FF\\u00ffabcdefghij"').infoHash,
      '/\b\f\n\r\t"\\ÿÿabcdefghij',
    )
  })

  it('name the identifier that is wrong, and keep the other', () => {
    const short = peerId.slice(1)
    const wrong = [
      '""',
      `"${short}"`,
      `"${peerId}x"`,
      `"${short}\u0100"`,
      `"${short}\\u0100"`,
      '7',
      '{}',
      'true',
    ]
    wrong.push(
      `"${short}😀"`,
      `"${short.slice(1)}\\ud83d\\ude00"`,
      `"${'\\u0061'.repeat(21)}"`,
      `["${peerId}"]`,
    )
    wrong.push(`"${'x'.repeat(5000)}"`)
    for (const value of wrong) {
      const badHash = announceWith(`"info_hash":${value}`)
      assert.deepEqual(badHash, { ...valid, status: MessageStatus.invalidInfoHash, infoHash: null }, value)
      const badPeerId = announceWith(`"peer_id":${value}`)
      assert.deepEqual(badPeerId, { ...valid, status: MessageStatus.invalidPeerId, peerId: null }, value)
      const badOthers = announceWith(`"to_peer_id":${value},"offer_id":${value}`)
      assert.deepEqual(badOthers, valid, value)
    }
    assert.equal(announceWith('"info_hash":null').status, MessageStatus.missingInfoHash)
    assert.equal(announceWith('"peer_id":null').status, MessageStatus.missingPeerId)
    assert.equal(announceWith('"info_hash":7,"peer_id":7').status, MessageStatus.invalidInfoHash)
  })

  it('are no JSON with an identifier that is no UTF-8', () => {
    const broken = [
      '\xc3a',
      '\xc3\xc3',
      '\xc3"',
      '\x80',
      '\xc0\x80',
      '\xc1\xbf',
      '\xff',
      '\xe9',
      '\xed\xa0\x80',
    ]
    for (const bytes of broken) {
      for (let length = 16; length <= 20; length++) {
        for (let place = 0; place <= length; place += 4) {
          const value = `${'a'.repeat(place)}${bytes}${'a'.repeat(length - place)}`
          const message = Buffer.from(`{"action":"scrape","info_hash":"${value}"}`, 'latin1')
          assert.equal(reader.read(message).status, MessageStatus.notJson, value)
        }
      }
    }
  })

  it('count as a seeder only with a left of 0', () => {
    for (const value of ['0', '-0', '0.0', '0e5', '0.000E-1', '-0.0e+9']) {
      assert.equal(announceWith(`"left":${value}`).isSeeder, true, value)
    }
    for (const value of [
      '1',
      '0.01',
      '-1',
      '1e400',
      '1e-9',
      '10',
      'null',
      '"0"',
      'false',
      '[]',
      '9'.repeat(50),
    ]) {
      const found = announceWith(`"left":${value}`)
      assert.equal(found.status, MessageStatus.announce, value)
      assert.equal(found.isSeeder, false, value)
    }
    assert.equal(announceWith('"left":0,"left":1').isSeeder, false)
    assert.equal(announceWith('').isSeeder, false)
  })

  it('ask for a whole number of peers, or leave it open', () => {
    const values: [string, number][] = [
      ['0', 0],
      ['50', 50],
      ['50.0', 50],
      ['65535', 65_535],
      ['65536', 65_535],
      ['9'.repeat(400), 65_535],
    ]
    for (const [value, numwant] of values) assert.equal(announceWith(`"numwant":${value}`).numwant, numwant)
    for (const value of ['-1', '0.5', '1e1', '"5"', 'null', '[]']) {
      assert.equal(announceWith(`"numwant":7,"numwant":${value}`).numwant, -1, value)
    }
  })

  it('may have any event', () => {
    for (const event of [
      'update',
      'paused',
      'empty',
      '',
      'Started',
      'stopped ',
      'stoppedstoppedstopped',
      'é',
    ]) {
      assert.deepEqual(announceWith(`"event":"started","event":${JSON.stringify(event)}`), valid, event)
    }
    assert.equal(announceWith('"event":"\\u0073topped"').event, MessageEvent.stopped)
    assert.deepEqual(announceWith('"event":null'), valid)
    for (const value of ['1', '[]', 'false']) {
      assert.equal(announceWith(`"event":${value}`).status, MessageStatus.invalidEvent, value)
    }
  })

  it('have members told apart by their decoded names', () => {
    const escaped = '{"\\u0061ction":"\\u0061nnounce","i\\u006efo_hash":'
    const found = reader.read(`${escaped}${JSON.stringify(infoHash)},"peer\\u005fid":"${peerId}"}`)
    assert.deepEqual(found, valid)
    const names = [
      'Action',
      'action ',
      'info_hasj',
      'action\\u0000',
      'xaction',
      'éction',
      '',
      'a'.repeat(1000),
    ]
    for (const name of names) assert.deepEqual(announceWith(`"${name}":"scrape"`), valid, name)
  })

  it('have the last of the members that come twice', () => {
    const found = announceWith(
      `"peer_id":"${otherPeerId}","offers":[{"offer":1,"offer_id":"${peerId}"}],"offers":[],"answer":1,"answer":null`,
    )
    assert.deepEqual(found, { ...valid, peerId: otherPeerId })
    assert.equal(announceWith('"action":"announce","action":"x"').status, MessageStatus.unknownAction)
    assert.equal(announceWith('"action":null').status, MessageStatus.missingAction)
  })
})

describe('WebTorrent offers and answers', () => {
  const id = JSON.stringify(offerIdOf(0))

  it('are passed on as they are, whatever they are', () => {
    const relayed = [
      '{"type":"offer","sdp":"x"}',
      '{ "sdp" : "\\ud800\\u0000\\/é😀" , "value": [ 1 ] }',
      '"x"',
      '1.0',
      'null',
    ]
    for (const json of relayed) {
      const found = announceWith(`"offers":[ {"offer": ${json} ,"offer_id":${id}} ]`)
      assert.deepEqual(found, { ...valid, offers: [[json, offerIdOf(0)]] }, json)
      const answer = json === 'null' ? null : json
      assert.deepEqual(announceWith(`"answer": ${json} `), { ...valid, answer }, json)
    }
    const { answer } = messages
    assert.deepEqual(reader.read(JSON.stringify(answer)), {
      ...valid,
      answer: JSON.stringify(answer.answer),
      toPeerId: otherPeerId,
      offerId: offerIdOf(1),
    })
  })

  it('lose single offers that are of no use, not the message', () => {
    const unusable = ['{}', '[]', 'null', '1', '"x"', '{"fake_offer":"fake_offer_0"}', '{"offer":{}}']
    unusable.push(
      `{"offer_id":${id}}`,
      '{"offer":{},"offer_id":"12345678901234567"}',
      '{"offer":{},"offer_id":null}',
    )
    unusable.push(`{"offer":{},"offer_id":${id},"offer_id":1}`)
    for (const element of unusable) {
      const found = announceWith(`"offers":[${element},{"offer":2,"offer_id":${id}},${element}]`)
      assert.deepEqual(found, { ...valid, offers: [['2', offerIdOf(0)]], offersDropped: 2 }, element)
    }
    const { offersDropped, offers } = reader.read(JSON.stringify(messages.fakeOffers))
    assert.deepEqual([offersDropped, offers.length], [1, 1])
    assert.equal(reader.read(JSON.stringify(messages.shortOfferId)).offersDropped, 1)
  })

  it('are as long as allowed, and not a byte longer', () => {
    for (const filler of ['x', 'é', '\\n']) {
      const full = limits.maxOfferBytes - 2 - Buffer.byteLength(filler)
      const json = `"${filler}${'y'.repeat(full)}"`
      const longer = `"${filler}${'y'.repeat(full + 1)}"`
      const found = announceWith(
        `"offers":[{"offer":${json},"offer_id":${id}},{"offer":${longer},"offer_id":${id}}]`,
      )
      assert.deepEqual(found, { ...valid, offers: [[json, offerIdOf(0)]], offersDropped: 1 })
      assert.deepEqual(announceWith(`"answer":${json}`), { ...valid, answer: json })
      assert.deepEqual(announceWith(`"answer":${longer}`), { ...valid, isAnswerDropped: true })
    }
  })

  it('are as many as allowed, and not one more', () => {
    const offers = offersOf(limits.maxOffers + 2)
    const kept = offers
      .slice(0, limits.maxOffers)
      .map(({ offer, offer_id }): [string, string] => [JSON.stringify(offer), offer_id])
    assert.deepEqual(announceWith(`"offers":${JSON.stringify(offers)}`), {
      ...valid,
      offers: kept,
      offersOmitted: 2,
    })
    const noOffers = new MessageReader({ ...limits, maxOffers: 0 })
    assert.equal(noOffers.read(JSON.stringify(messages.started)).offersOmitted, 2)
  })

  it('are refused as a whole only if offers are no list', () => {
    for (const value of ['{}', '"x"', '1', 'false']) {
      assert.equal(announceWith(`"offers":${value}`).status, MessageStatus.invalidOffers, value)
    }
    assert.deepEqual(announceWith('"offers":null'), valid)
    assert.deepEqual(announceWith('"offers":[]'), valid)
  })

  it('are read from a megabyte', () => {
    const big = new MessageReader({ ...limits, maxOfferBytes: 2 ** 21 })
    const json = JSON.stringify({ type: 'offer', sdp: 'a=candidate:1 1 udp\r\n'.repeat(50_000) })
    const message = `{"offers":[{"offer_id":${id},"offer":${json}}],"action":"announce",${identity}}`
    assert.deepEqual(big.read(message), { ...valid, offers: [[json, offerIdOf(0)]] })
    assert.deepEqual(reader.read(message), { ...valid, offersDropped: 1 })
  })
})

describe('WebTorrent scrapes', () => {
  const scrape = { ...nothingFound, status: MessageStatus.scrape, action: MessageAction.scrape }

  it('ask for one torrent, for several, for none and for all', () => {
    assert.deepEqual(reader.read(JSON.stringify(messages.scrape)), {
      ...scrape,
      infoHash,
      scrape: [infoHash],
    })
    const several = { ...scrape, scrape: [infoHash, peerId, otherPeerId] }
    assert.deepEqual(reader.read(JSON.stringify(messages.scrapeSeveral)), several)
    assert.deepEqual(reader.read('{"info_hash":[],"action":"scrape"}'), scrape)
    const everything = { ...scrape, isFullScrape: true }
    assert.deepEqual(reader.read(JSON.stringify(messages.scrapeAll)), everything)
    assert.deepEqual(reader.read('{"action":"scrape","info_hash":null}'), everything)
  })

  it('are answered for as many torrents as allowed, of a thousand', () => {
    const hashes = Array.from({ length: 1000 }, (_, index) => `hash-\xff-${String(index).padStart(13, '0')}`)
    const found = reader.read(JSON.stringify({ action: 'scrape', info_hash: hashes }))
    const { maxScrapeTorrents } = limits
    const expected = { scrape: hashes.slice(0, maxScrapeTorrents), scrapeOmitted: 1000 - maxScrapeTorrents }
    assert.deepEqual(found, { ...scrape, ...expected })
    const exactly = reader.read(
      JSON.stringify({ info_hash: hashes.slice(0, maxScrapeTorrents), action: 'scrape' }),
    )
    assert.deepEqual(exactly, { ...scrape, scrape: hashes.slice(0, maxScrapeTorrents) })
  })

  it('are refused for a hash that is none, wherever it stands', () => {
    for (const list of ['["x"]', `[${JSON.stringify(infoHash)},"x"]`, '[null]', '[[]]', '7', '"x"', '{}']) {
      const found = reader.read(`{"action":"scrape","info_hash":${list}}`)
      assert.equal(found.status, MessageStatus.invalidInfoHash, list)
      assert.equal(found.action, MessageAction.scrape)
    }
    const last = [...Array.from({ length: 10 }, () => peerId), 'x']
    assert.equal(
      reader.read(JSON.stringify({ action: 'scrape', info_hash: last })).status,
      MessageStatus.invalidInfoHash,
    )
  })
})

describe('WebTorrent messages that ask nothing', () => {
  it('are told apart, and say what was found', () => {
    assert.equal(reader.read('').status, MessageStatus.notJson)
    assert.equal(reader.read('hello').status, MessageStatus.notJson)
    for (const text of ['[]', '1', '"x"', 'null', ' [{}] ']) {
      assert.equal(reader.read(text).status, MessageStatus.notObject, text)
    }
    assert.deepEqual(reader.read(' { } '), nothingFound)
    const known = { ...nothingFound, infoHash, peerId }
    assert.deepEqual(reader.read(`{${identity},"offers":[]}`), known)
    const unknownAction = { ...known, status: MessageStatus.unknownAction }
    for (const action of ['"x"', '7', '["announce"]', '"announce\\u0000"', 'true']) {
      assert.deepEqual(reader.read(`{"action":${action},${identity}}`), unknownAction, action)
    }
  })

  it('have a text for each of them that needs no escapes', () => {
    for (let status: number = MessageStatus.notJson; status <= MessageStatus.invalidOffers; status++) {
      assert.match(Buffer.from(messageFailureTexts[status]!).toString(), /^Invalid request: [a-zA-Z0-9_ ]+$/)
    }
    assert.equal(messageFailureTexts.length, MessageStatus.invalidOffers + 1)
  })

  it('are none of the pieces of a real message', () => {
    for (const message of Object.values(messages)) {
      const bytes = Buffer.from(JSON.stringify(message))
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(reader.read(bytes.subarray(0, length)).status, MessageStatus.notJson, `${length} bytes`)
      }
      assert.ok(reader.read(bytes).status <= MessageStatus.scrape)
      assert.equal(reader.read(Buffer.concat([bytes, Buffer.from('}')])).status, MessageStatus.notJson)
    }
  })

  it('may be deep, up to the limit, wherever it is', () => {
    // The message, the list of offers and the offer are around what is passed on.
    const places: [string, string, number][] = [
      ['"x":', '', 1],
      ['"answer":', '', 1],
      ['"event":', '', 1],
      ['"peer_id":"","peer_id":', '', 1],
      ['"info_hash":[', ']', 2],
      ['"offers":[', ']', 2],
      ['"offers":[{"offer":', '}]', 3],
      ['"offers":[{"offer_id":', '}]', 3],
      ['"offers":[{"x":', '}]', 3],
    ]
    for (const [before, behind, around] of places) {
      const nested = (depth: number): string => `{${before}${'['.repeat(depth)}${']'.repeat(depth)}${behind}}`
      const text = nested(limits.maxDepth - around)
      assert.deepEqual(reader.read(text), referenceMessage(text, limits), text)
      assert.equal(reader.read(nested(limits.maxDepth - around + 1)).status, MessageStatus.tooDeep, before)
      assert.equal(reader.read(nested(1000)).status, MessageStatus.tooDeep, before)
    }
  })

  it('leave nothing behind for the next one', () => {
    for (const first of Object.values(messages)) {
      reader.read(JSON.stringify(first))
      assert.deepEqual(reader.read('{}'), nothingFound)
    }
  })
})

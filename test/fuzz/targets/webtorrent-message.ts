// Messages of WebTorrent clients: against JSON.parse and a recursive walk, the plain decoder of the differential test.

import { compareMessage } from '../../protocol/webtorrent/comparison.js'
import { messages } from '../../protocol/webtorrent/messages.js'
import { type FuzzTarget, randomOf, utf8 } from '../target.js'

function run(bytes: Uint8Array): string {
  const found = compareMessage(bytes, randomOf(bytes)(4))
  if (found === undefined) return 'no text'
  const { status, event, isSeeder, numwant, offers, offersDropped, scrape } = found
  if (status < 0) return `${status}`
  return `${status} ${event} ${isSeeder} ${numwant >= 0} ${offers.length} ${offersDropped > 0} ${scrape.length}`
}

export const webtorrentMessage: FuzzTarget = {
  name: 'webtorrent-message',
  seeds: Object.values(messages).map(message => utf8(JSON.stringify(message))),
  dictionary: [
    ...[
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ' ',
      '\n',
      '\0',
      '\ufeff',
      '\u2028',
      '-',
      '0',
      'null',
      'true',
    ],
    ...[
      'NaN',
      '01',
      '1.',
      '1e',
      '1e+5',
      '-0',
      '\\u00e',
      '\\u00E9',
      '\\ud83d',
      '\\udc00',
      '\\x41',
      '\\n',
      '😀',
      'é',
    ],
    ...['"left":0,', '"left":-0.0e5,', '"left":1e400,', '"numwant":5.00,', '"numwant":99999999999,'],
    ...['"action":"scrape",', '"action":null,', '"\\u0061ction":"announce",', '"event":"stopped",'],
    ...[
      '"offers":null,',
      '"offers":{},',
      '"info_hash":[],',
      '"peer_id":7,',
      '"answer":{},',
      '"x":[[[[[[[]]]]]]],',
    ],
    ...['"offer":{"sdp":"x"},', '"x":', ',,', '[{},{"a":[]}]'],
  ].map(utf8),
  bytesMax: 3000,
  run,
}

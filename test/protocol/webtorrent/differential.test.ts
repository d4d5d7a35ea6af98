// The decoder against its slow reference: generated messages, and mutated ones of real clients.
// AQUATIC_FUZZ_ITERATIONS sets how many (20000 without it, a few seconds), AQUATIC_FUZZ_SEED which.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MessageStatus } from '../../../src/protocol/webtorrent/request.js'
import { compareMessage } from './comparison.js'
import { infoHash, messages, offerIdOf, peerId } from './messages.js'
import { isJson } from './reference.js'

const iterations = Number(process.env['AQUATIC_FUZZ_ITERATIONS'] ?? 20_000)
const seed = Number(process.env['AQUATIC_FUZZ_SEED'] ?? Date.now() % 1e9)

type Random = (below: number) => number

/** mulberry32 */
function randomNumbers(state: number): Random {
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) % below
  }
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)]!

/** A string in one of the ways in which JSON can write it. */
function renderString(text: string, random: Random): string {
  const style = random(3)
  const characters = Array.from({ length: text.length }, (_, index) => {
    const quoted = JSON.stringify(text[index]).slice(1, -1)
    if (style === 0 || (style === 1 && random(4) > 0)) return quoted
    if (text[index] === '/') return '\\/'
    const digits = text.charCodeAt(index).toString(16).padStart(4, '0')
    return `\\u${random(2) === 0 ? digits : digits.toUpperCase()}`
  })
  return `"${characters.join('')}"`
}

/** A list of pairs is an object, so that it may have a name twice. */
type Tree = string | number | boolean | null | readonly Tree[] | { readonly pairs: readonly [string, Tree][] }

function render(tree: Tree, random: Random): string {
  const space = (): string => (random(6) === 0 ? pick(random, [' ', '\n', '\t\r ', '  ']) : '')
  const around = (text: string): string => `${space()}${text}${space()}`
  if (typeof tree === 'string') return around(renderString(tree, random))
  if (tree === null || typeof tree !== 'object') return around(JSON.stringify(tree))
  if ('pairs' in tree) {
    const members = tree.pairs.map(
      ([name, value]) => `${around(renderString(name, random))}:${render(value, random)}`,
    )
    return around(`{${members.length === 0 ? space() : members.join(',')}}`)
  }
  const elements = tree.map(element => render(element, random))
  return around(`[${elements.length === 0 ? space() : elements.join(',')}]`)
}

const identifiers = fc.oneof(
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom(infoHash, peerId, infoHash.slice(1), `${peerId}x`, '', `${peerId.slice(1)}\u0100`, '😀'),
)
const { tree: anything } = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(0, -0, 1, 1e-7, 1e300, 2 ** 53, true, false, null, 'x'.repeat(290)),
    ),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.string({ maxLength: 4 }), tie('tree')), { maxLength: 4 })
      .map((pairs): Tree => ({ pairs })),
  ),
}))
const offerMember = fc.oneof(
  fc.tuple(fc.constant('offer'), anything),
  fc.tuple(fc.constant('offer_id'), fc.oneof({ weight: 4, arbitrary: identifiers }, anything)),
  fc.tuple(fc.constantFrom('offers', 'id', ''), anything),
)
const offer = fc.oneof(
  { weight: 6, arbitrary: fc.array(offerMember, { maxLength: 4 }).map((pairs): Tree => ({ pairs })) },
  anything,
)
const numbers = fc.oneof(fc.nat(), fc.integer(), fc.constantFrom(0, 65_535, 65_536, 1e21, 0.5), anything)
/** Most values have the type they should. */
const member = (name: string, values: fc.Arbitrary<Tree>): fc.Arbitrary<[string, Tree]> =>
  fc.tuple(fc.constant(name), fc.oneof({ weight: 8, arbitrary: values }, { weight: 1, arbitrary: anything }))
const members = fc.oneof(
  member('action', fc.constantFrom('announce', 'announce', 'announce', 'scrape', 'Announce', '')),
  member('info_hash', fc.oneof(identifiers, fc.array(identifiers, { maxLength: 6 }))),
  member('peer_id', identifiers),
  member('to_peer_id', identifiers),
  member('offer_id', identifiers),
  member('event', fc.constantFrom('started', 'stopped', 'completed', 'update', '', 'completedx')),
  member('left', numbers),
  member('numwant', numbers),
  member('offers', fc.array(offer, { maxLength: 6 })),
  member('answer', anything),
  fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), anything),
)

const beginnings: readonly (readonly [string, Tree][])[] = [
  [],
  [['action', 'scrape']],
  [
    ['action', 'announce'],
    ['info_hash', infoHash],
    ['peer_id', peerId],
  ],
]

const pieces = [
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
    '\t',
    '\r',
    '\0',
    '\v',
    '\ufeff',
    '\u2028',
    '-',
    '0',
  ],
  ...[
    'null',
    'true',
    'false',
    'nul',
    'NaN',
    'Infinity',
    '0x1',
    '01',
    '1.',
    '.5',
    '1e',
    '1e+5',
    '-0',
    '-',
    '+1',
  ],
  ...[
    '\\u00e',
    '\\u00E9',
    '\\ud83d',
    '\\udc00',
    '\\x41',
    "\\'",
    '\\n',
    '\\u0000',
    '😀',
    'é',
    '\\/',
    '\\b\\f',
  ],
  ...['"left":0,', '"left":-0.0e5,', '"left":"0",', '"left":0.01,', '"left":1e400,', '"numwant":5.00,'],
  ...['"numwant":-1,', '"numwant":99999999999,', '"numwant":1e1,', '"action":"scrape",', '"action":null,'],
  ...['"\\u0061ction":"announce",', '"event":1,', '"event":"stopped",', '"offers":null,', '"offers":{},'],
  ...['"info_hash":[],', '"info_hash":null,', '"info_hash":["aaaaaaaaaaaaaaaaaaaa"],', '"peer_id":7,'],
  ...[
    '"answer":null,',
    '"answer":{},',
    '"x":',
    '"x":[[[[[[[[]]]]]]]],',
    '"x":[[[[[[[]]]]]]],',
    '[{},{"a":[]}]',
  ],
  ...[`"offer_id":${JSON.stringify(offerIdOf(1))},`, '"offer":{"sdp":"x"},', '/**/', '// x\n', "'x'", ',,'],
]

function mutate(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1)
  const length = random(4) === 0 ? random(200) : random(4)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (random(7)) {
    case 0:
      return Buffer.concat([before, after.subarray(length)])
    case 1:
      return Buffer.concat([before, Buffer.of(random(256)), after.subarray(1)])
    case 2:
      return Buffer.concat([before, after.subarray(0, length), after])
    case 3: {
      const brace = bytes.indexOf('{', at) + 1
      const inserted = Buffer.from(pick(random, pieces))
      return Buffer.concat([bytes.subarray(0, brace), inserted, bytes.subarray(brace)])
    }
    case 4: {
      const comma = bytes.indexOf(',', at) + 1
      const inserted = Buffer.from(pick(random, pieces))
      return Buffer.concat([bytes.subarray(0, comma), inserted, bytes.subarray(comma)])
    }
    default:
      return Buffer.concat([before, Buffer.from(pick(random, pieces)), after])
  }
}

describe('WebTorrent messages against a plain reference', () => {
  it('are read alike, whatever their members, order, escapes and white space', () => {
    const statuses = new Set<number>()
    const generated = fc.tuple(
      fc.constantFrom(...beginnings),
      fc.array(members, { maxLength: 12 }),
      fc.integer(),
    )
    fc.assert(
      fc.property(generated, ([beginning, others, style]) => {
        const random = randomNumbers(style)
        const text = render({ pairs: [...beginning, ...others] }, random)
        // Half surrogates have no UTF-8: they come in escapes only.
        const bytes = Buffer.from(text)
        assert.ok(isJson(bytes.toString()))
        statuses.add(compareMessage(bytes, random(4))?.status ?? MessageStatus.notJson)
      }),
      { numRuns: Math.ceil(iterations / 10), seed },
    )
    for (const status of [MessageStatus.announce, MessageStatus.scrape]) assert.ok(statuses.has(status))
  })

  it(`are read alike after mutations, ${iterations} of them`, () => {
    const random = randomNumbers(seed)
    const wrong = [[messages.update], { ...messages.update, event: 1 }, { ...messages.update, offers: {} }]
    const originals: Buffer[] = [...Object.values(messages), ...wrong].map(message =>
      Buffer.from(JSON.stringify(message)),
    )
    const statuses = new Map<number, number>()
    for (let index = 0; index < iterations; index++) {
      let bytes: Buffer = pick(random, originals)
      for (let left = random(4); left > 0; left--) bytes = mutate(bytes, random)
      try {
        const status = compareMessage(bytes, random(4))?.status ?? MessageStatus.notJson
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      } catch (error) {
        const message = JSON.stringify(bytes.toString('latin1'))
        throw new Error(`seed ${seed}, iteration ${index}, message ${message}`, { cause: error })
      }
    }
    // Not all was refused, and mistakes of every kind came by.
    const last: number = MessageStatus.invalidOffers
    if (iterations < 20_000) return
    for (let status = 0; status <= last; status++) assert.ok(statuses.has(status), `status ${status}`)
  })
})

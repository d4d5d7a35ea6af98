// The cases of Autobahn's test suite (sections 1 to 7 and 10) by their numbers, as a table: what a client sends, in
// which pieces, and all that a strict server sends back. Section 9 is about speed, 12 and 13 about compression.

import { frame } from '../support/websocket-frames.js'
import { close, emptyClose, ping, text } from './websocket-fixture.js'

export interface Case {
  readonly number: string
  /** Sent one after another, each when the server has the one before. */
  readonly pieces: readonly Uint8Array[]
  /** As `said` writes it. */
  readonly answers: readonly string[]
}

/** How what is sent is cut. */
type Cut = 'at once' | 'by frame' | 'by octet' | number

function pieces(frames: readonly Buffer[], cut: Cut): Buffer[] {
  if (cut === 'by frame') return [...frames]
  const all = Buffer.concat(frames)
  const length = cut === 'at once' ? all.length : cut === 'by octet' ? 1 : cut
  return Array.from({ length: Math.ceil(all.length / length) }, (_, index) =>
    all.subarray(index * length, (index + 1) * length),
  )
}

/** What a server answers is the whole of it: the client closes at the end, if the server has no reason to. */
function good(
  number: string,
  frames: readonly Buffer[],
  answers: readonly string[],
  cut: Cut = 'at once',
): Case {
  return { number, pieces: pieces([...frames, close(1000)], cut), answers: [...answers, 'close 1000'] }
}

function bad(
  number: string,
  frames: readonly Buffer[],
  answers: readonly string[] = [],
  cut: Cut = 'at once',
  code = 1002,
): Case {
  return { number, pieces: pieces(frames, cut), answers: [...answers, `close ${code}`] }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const BINARY = Buffer.from('00fffefdfcfb00ff', 'hex')
const HELLO = 'Hello, world!'

function section1(): Case[] {
  const lengths = [0, 125, 126, 127, 128, 65_535, 65_536]
  return [1, 2].flatMap(kind => {
    const [name, byte] = kind === 1 ? ['text', '*'] : ['binary', '\xfe']
    const echo = (index: number, length: number, cut: Cut): Case => {
      const payload = Buffer.from(byte.repeat(length), 'latin1')
      const answer = `${name} ${latin1(payload)}`.trimEnd()
      return good(`1.${kind}.${index}`, [frame({ opcode: kind, payload })], [answer], cut)
    }
    return [...lengths.map((length, index) => echo(index + 1, length, 'at once')), echo(8, 65_536, 997)]
  })
}

function section2(): Case[] {
  const full = Buffer.alloc(125, 0xfe)
  const pong = (payload = ''): Buffer => frame({ opcode: 10, payload })
  const numbers = Array.from({ length: 10 }, (_, index) => `payload-${index}`)
  const pings = numbers.map(payload => ping(payload))
  const pongs = numbers.map(payload => `pong ${payload}`)
  return [
    good('2.1', [ping()], ['pong']),
    good('2.2', [ping(HELLO)], [`pong ${HELLO}`]),
    good('2.3', [ping(BINARY)], [`pong ${latin1(BINARY)}`]),
    good('2.4', [ping(full)], [`pong ${latin1(full)}`]),
    bad('2.5', [ping(Buffer.alloc(126, 0xfe))]),
    good('2.6', [ping(full)], [`pong ${latin1(full)}`], 'by octet'),
    good('2.7', [pong()], []),
    good('2.8', [pong('unsolicited pong payload')], []),
    good('2.9', [pong('unsolicited pong payload'), ping('ping payload')], ['pong ping payload']),
    good('2.10', pings, pongs),
    good('2.11', pings, pongs, 'by octet'),
  ]
}

function section3(): Case[] {
  const reserved = (bits: number, opcode = 1, payload: string | Uint8Array = HELLO): Buffer =>
    frame({ opcode, payload, reserved: bits })
  const echoed = [`text ${HELLO}`]
  return [
    bad('3.1', [reserved(1)]),
    bad('3.2', [text(HELLO), reserved(2), ping()], echoed),
    bad('3.3', [text(HELLO), reserved(3), ping()], echoed, 'by frame'),
    bad('3.4', [text(HELLO), reserved(4), ping()], echoed, 'by octet'),
    bad('3.5', [reserved(5, 2, BINARY)]),
    bad('3.6', [reserved(6, 9)]),
    bad('3.7', [reserved(7, 8, '')]),
  ]
}

function section4(): Case[] {
  return [3, 11].flatMap((first, kind) => {
    const unknown = (opcode: number, payload = ''): Buffer => frame({ opcode, payload })
    const echoed = [`text ${HELLO}`]
    const number = `4.${kind + 1}`
    return [
      bad(`${number}.1`, [unknown(first)]),
      bad(`${number}.2`, [unknown(first + 1, 'reserved opcode payload')]),
      bad(`${number}.3`, [text(HELLO), unknown(first + 2), ping()], echoed),
      bad(`${number}.4`, [text(HELLO), unknown(first + 3, HELLO), ping()], echoed),
      bad(`${number}.5`, [text(HELLO), unknown(first + 4, HELLO), ping()], echoed, 'by octet'),
    ]
  })
}

const first = (payload: string | Uint8Array): Buffer => frame({ opcode: 1, payload, isFinal: false })
const next = (payload: string | Uint8Array): Buffer => frame({ opcode: 0, payload, isFinal: false })
const last = (payload: string | Uint8Array): Buffer => frame({ opcode: 0, payload })
const CUTS = ['at once', 'by frame', 'by octet'] as const

function section5(): Case[] {
  const two = [first('fragment1'), last('fragment2')]
  const pinged = [first('fragment1'), ping('ping payload'), last('fragment2')]
  const both = ['text fragment1fragment2']
  const long = [
    first('fragment1'),
    next('fragment2'),
    ping('pongme 1!'),
    next('fragment3'),
    next('fragment4'),
    ping('pongme 2!'),
    last('fragment5'),
  ]
  const longAnswers = [
    'pong pongme 1!',
    'pong pongme 2!',
    'text fragment1fragment2fragment3fragment4fragment5',
  ]
  const nothing = 'non-continuation payload'
  const stray = (frames: readonly Buffer[]): Buffer[] => [...frames, first('fragment2'), last('fragment3')]
  return [
    bad('5.1', [frame({ opcode: 9, payload: 'fragment1', isFinal: false }), last('fragment2')]),
    bad('5.2', [frame({ opcode: 10, payload: 'fragment1', isFinal: false }), last('fragment2')]),
    ...CUTS.map((cut, index) => good(`5.${3 + index}`, two, both, cut)),
    ...CUTS.map((cut, index) => good(`5.${6 + index}`, pinged, ['pong ping payload', ...both], cut)),
    ...CUTS.map((cut, index) => bad(`5.${9 + index}`, [last(nothing), text(HELLO)], [], cut)),
    ...CUTS.map((cut, index) => bad(`5.${12 + index}`, [next(nothing), text(HELLO)], [], cut)),
    bad('5.15', [...two, next('fragment3'), text('fragment4')], both),
    bad('5.16', stray([...stray([next('fragment1')]), next('fragment1')])),
    bad('5.17', stray([...stray([last('fragment1')]), last('fragment1')])),
    bad('5.18', [first('fragment1'), text('fragment2')]),
    good('5.19', long, longAnswers),
    good('5.20', long, longAnswers, 'by frame'),
  ]
}

/** Frames of one octet each. */
function octetFrames(payload: Uint8Array): Buffer[] {
  const octets = Array.from(payload, octet => Uint8Array.of(octet))
  return octets.map((octet, index) => {
    if (index === 0) return first(octet)
    return index === octets.length - 1 ? last(octet) : next(octet)
  })
}

function section6(): Case[] {
  const greeting = Buffer.from('Hello-µ@ßöäüàá-UTF-8!!')
  const greek = Buffer.from('κόσμε')
  const surrogate = Buffer.concat([greek, Buffer.from('eda080', 'hex'), Buffer.from('edited')])
  const beyond = Buffer.concat([greek, Buffer.from('f4908080', 'hex'), Buffer.from('edited')])
  const [start, end] = [greeting.subarray(0, 13), greeting.subarray(13)]
  const echoed = (payload: Uint8Array): string[] => [`text ${latin1(payload)}`.trimEnd()]
  // The last part is never sent: the second alone shows that the text is none.
  const chops = (at: number, to: number): Uint8Array[] => {
    const whole = text(beyond)
    const head = whole.length - beyond.length
    return [whole.subarray(0, head + at), whole.subarray(head + at, head + to)]
  }
  const failsFast = (number: string, parts: readonly Uint8Array[]): Case => ({
    number,
    pieces: parts,
    answers: ['close 1007'],
  })
  return [
    good('6.1.1', [text('')], ['text']),
    good('6.1.2', [first(''), next(''), last('')], ['text']),
    good('6.1.3', [first(''), next('middle frame payload'), last('')], ['text middle frame payload']),
    good('6.2.1', [text(greeting)], echoed(greeting)),
    good('6.2.2', [first(start), last(end)], echoed(greeting)),
    good('6.2.3', octetFrames(greeting), echoed(greeting)),
    good('6.2.4', octetFrames(greek), echoed(greek)),
    bad('6.3.1', [text(surrogate)], [], 'at once', 1007),
    bad('6.3.2', octetFrames(surrogate), [], 'at once', 1007),
    failsFast('6.4.1', [first(greek), next(beyond.subarray(11, 15))]),
    failsFast('6.4.2', [first(beyond.subarray(0, 12)), next(beyond.subarray(12, 13))]),
    failsFast('6.4.3', chops(11, 15)),
    failsFast('6.4.4', chops(12, 13)),
    ...section6Texts(),
  ]
}

/** From 6.5 on: texts in hexadecimal, those after `!` are not UTF-8. */
const texts: Readonly<Record<number, string>> = {
  5: '68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64 68656c6c6ff0a4ada2776f726c64 cebae1bdb9cf83cebcceb5',
  6: '!ce ceba !cebae1 !cebae1bd cebae1bdb9 !cebae1bdb9cf cebae1bdb9cf83 !cebae1bdb9cf83ce cebae1bdb9cf83cebc !cebae1bdb9cf83cebcce cebae1bdb9cf83cebcceb5',
  7: '00 c280 e0a080 f0908080',
  8: '!f888808080 !fc8480808080',
  9: '7f dfbf efbfbf f48fbfbf',
  10: '!f7bfbfbf !fbbfbfbfbf !fdbfbfbfbfbf',
  11: 'ed9fbf ee8080 efbfbd f48fbfbf !f4908080',
  12: `!80 !bf !80bf !80bf80 !80bf80bf !80bf80bf80 !80bf80bf80bf !${hexRange(0x80, 0xbe)}`,
  13: `!${hexRange(0xc0, 0xde, '20')} !${hexRange(0xe0, 0xee, '20')} !${hexRange(0xf0, 0xf6, '20')} !f820f920fa20 !fc20`,
  14: '!c0 !e080 !f08080 !f8808080 !fc80808080 !df !efbf !f7bfbf !fbbfbfbf !fdbfbfbfbf',
  15: '!c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf',
  16: '!fe !ff !fefeffff',
  17: '!c0af !e080af !f08080af !f8808080af !fc80808080af',
  18: '!c1bf !e09fbf !f08fbfbf !f887bfbfbf !fc83bfbfbfbf',
  19: '!c080 !e08080 !f0808080 !f880808080 !fc8080808080',
  20: '!eda080 !edadbf !edae80 !edafbf !edb080 !edbe80 !edbfbf',
  21: '!eda080edb080 !eda080edbfbf !edadbfedb080 !edadbfedbfbf !edae80edb080 !edae80edbfbf !edafbfedb080 !edafbfedbfbf',
  22: `efbfbe efbfbf ${planeEnds()}`,
  23: 'efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf',
}

function hexRange(from: number, to: number, behind = ''): string {
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index).toString(16) + behind).join('')
}

/** The last two code points of planes 1 to 16, which are no characters but may be sent. */
function planeEnds(): string {
  const hex = (point: number): string => Buffer.from(String.fromCodePoint(point)).toString('hex')
  return Array.from({ length: 16 }, (_, index) => (index + 1) * 0x1_0000)
    .map(plane => `${hex(plane + 0xfffe)} ${hex(plane + 0xffff)}`)
    .join(' ')
}

function section6Texts(): Case[] {
  return Object.entries(texts).flatMap(([group, list]) =>
    list.split(' ').map((hex, index) => {
      const payload = Buffer.from(hex.replace('!', ''), 'hex')
      const number = `6.${group}.${index + 1}`
      if (hex.startsWith('!')) return bad(number, [text(payload)], [], 'at once', 1007)
      return good(number, [text(payload)], [`text ${latin1(payload)}`])
    }),
  )
}

function section7(): Case[] {
  const closed = (
    number: string,
    frames: readonly Buffer[],
    answers: readonly string[] = ['close 1000'],
  ) => ({
    number,
    pieces: [Buffer.concat(frames)],
    answers,
  })
  const large = 'BAsd7&jh23'.repeat(26_214)
  const notText = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex')
  const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
  const wrongCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
  const stars = frame({ opcode: 8, payload: Buffer.concat([Uint8Array.of(3, 232), Buffer.alloc(124, '*')]) })
  return [
    closed('7.1.1', [text('Hello World!'), close(1000)], ['text Hello World!', 'close 1000']),
    closed('7.1.2', [close(1000), emptyClose]),
    closed('7.1.3', [close(1000), ping()]),
    closed('7.1.4', [close(1000), text('Hello World!')]),
    closed('7.1.5', [first('fragment1'), close(1000), last('fragment2')]),
    closed(
      '7.1.6',
      [text(large), text('Hello World!'), close(1000), ping()],
      [`text ${large}`, 'text Hello World!', 'close 1000'],
    ),
    closed('7.3.1', [emptyClose], ['close']),
    closed('7.3.2', [frame({ opcode: 8, payload: 'a' })], ['close 1002']),
    closed('7.3.3', [close(1000)]),
    closed('7.3.4', [close(1000, 'Hello World!')]),
    closed('7.3.5', [close(1000, '*'.repeat(123))]),
    closed('7.3.6', [stars], ['close 1002']),
    closed('7.5.1', [close(1000, notText)], ['close 1007']),
    ...codes.map((code, index) => closed(`7.7.${index + 1}`, [close(code)], [`close ${code}`])),
    ...wrongCodes.map((code, index) => closed(`7.9.${index + 1}`, [close(code)], ['close 1002'])),
    // What happens is left open; as with any code that nobody may send.
    closed('7.13.1', [close(5000)], ['close 1002']),
    closed('7.13.2', [close(65_535)], ['close 1002']),
  ]
}

function section10(): Case[] {
  const payload = '*'.repeat(65_536)
  const fragments: Buffer[] = []
  for (let at = 0; at < payload.length; at += 1300) {
    const part = payload.slice(at, at + 1300)
    fragments.push(at === 0 ? first(part) : at + 1300 >= payload.length ? last(part) : next(part))
  }
  return [good('10.1.1', fragments, [`text ${payload}`])]
}

/** All cases, by section. */
export const cases: ReadonlyMap<number, readonly Case[]> = new Map([
  [1, section1()],
  [2, section2()],
  [3, section3()],
  [4, section4()],
  [5, section5()],
  [6, section6()],
  [7, section7()],
  [10, section10()],
])

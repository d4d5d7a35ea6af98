import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { JsonScanner, ScanError, skipSpace } from '../../../src/protocol/webtorrent/json-scanner.js'
import { depthOf, isJson } from './reference.js'

const MAX_DEPTH = 5

/** Whether the scanner finds JSON, one value from start to end, at each place a word may start. */
function scan(text: string | Uint8Array, maxDepth = MAX_DEPTH): boolean | 'too deep' {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const results = new Set<boolean | 'too deep'>()
  for (let offset = 0; offset < 4; offset++) {
    // What lies around it must not be looked at.
    const input = new Uint8Array(offset + bytes.length + 5).fill(0x30)
    input.set(bytes, offset)
    const end = offset + bytes.length
    const at = new JsonScanner(maxDepth).skipValue(input, skipSpace(input, offset, end), end, 0)
    if (at === ScanError.tooDeep) results.add('too deep')
    else results.add(at >= 0 && skipSpace(input, at, end) === end)
  }
  assert.equal(results.size, 1)
  return [...results][0]!
}

describe('the JSON scanner', () => {
  it('accepts and refuses numbers, literals, strings and structures as JSON.parse does', () => {
    const numbers = [
      '0',
      '-0',
      '12',
      '-1.5',
      '1e9',
      '1E+9',
      '1.25e-3',
      '00',
      '01',
      '-',
      '-a',
      '+1',
      '.5',
      '1.',
      '1.e1',
    ]
    numbers.push('1e', '1e+', '1-', '0x1', '1_0', 'NaN', 'Infinity', '-Infinity', '1 2', '9'.repeat(400))
    const literals = [
      'true',
      'false',
      'null',
      'tru',
      'truex',
      'True',
      'nul',
      'nulll',
      'fals',
      'f',
      'n',
      'undefined',
      '',
    ]
    const strings = [
      '""',
      '"a"',
      '"',
      '"a',
      "'a'",
      '"\\"',
      '"\\\\"',
      '"\\q"',
      '"\\x41"',
      '"\\u0041"',
      '"\\u00e"',
    ]
    strings.push(
      '"\\u00gg"',
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '"\\u"',
      '"\t"',
      '"\n"',
      '"\x7f"',
      '"\0"',
      '"é😀\u2028"',
    )
    strings.push('"\\b\\f\\n\\r\\t\\/"', '"\\B"', '"\\U0041"', '"a""b"', '"\\')
    const structures = [
      '{}',
      '[]',
      ' [ ] ',
      '{ }',
      '[1,]',
      '[,1]',
      '[1 2]',
      '[1,2]',
      '{"a":1}',
      '{"a":1,}',
      '{"a"}',
    ]
    structures.push(
      '{a:1}',
      '{"a":}',
      '{"a":1 "b":2}',
      '{"a"::1}',
      '[}',
      '{]',
      '[1}',
      '{"a":1]',
      ']',
      '}',
      ',',
      ':',
    )
    structures.push(
      '[[]',
      '{"a":{"b":[{},[]]}}',
      '{"a":1,"a":2}',
      '\ufeff[]',
      '\u00a0[]',
      '\v[]',
      '[] []',
      '[]]',
    )
    structures.push(
      '{1:2}',
      '{"a":1,,"b":2}',
      '// x\n1',
      '[/**/]',
      '\t\r\n [\t\r\n1\t\r\n,\t\r\n2\t\r\n]\t\r\n',
    )
    for (const text of [...numbers, ...literals, ...strings, ...structures]) {
      assert.equal(scan(text, 8), isJson(text), text)
      const inside = `{"a":[${text}]}`
      assert.equal(scan(inside, 8), isJson(inside), inside)
    }
  })

  it('refuses each byte that may not stand in a string, in short and in long ones', () => {
    for (let code = 0; code < 0x80; code++) {
      for (let length = 0; length < 40; length++) {
        const text = `"${'a'.repeat(length)}${String.fromCharCode(code)}${'b'.repeat(40 - length)}"`
        assert.equal(scan(text), isJson(text), JSON.stringify(text))
      }
    }
  })

  it('agrees with JSON.parse about every text made of the parts of JSON', () => {
    const parts = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '"a":',
      '1',
      '-',
      '.',
      'e',
      'null',
      ' ',
      '\\u12',
    ]
    const texts = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map(chosen => chosen.join(''))
    fc.assert(
      fc.property(fc.oneof(texts, fc.json({ maxDepth: 3 })), text => {
        const found = scan(text, 12)
        if (found !== 'too deep') assert.equal(found, isJson(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('refuses what is no UTF-8', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const isText = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes)
        return true
      } catch (error) {
        if (error instanceof TypeError) return false
        throw error
      }
    }
    const interesting = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
    ]
    interesting.push(0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff)
    let accepted = 0
    for (const first of interesting.filter(byte => byte >= 0x80)) {
      for (const second of interesting) {
        for (const third of interesting) {
          for (const fourth of [0x41, 0x80, 0xbf, 0xc2]) {
            const content = [first, second, third, fourth]
            const isRight = isText(Uint8Array.from(content)) && !content.includes(0)
            if (isRight) accepted++
            assert.equal(scan(Uint8Array.from([0x22, ...content, 0x22])), isRight, content.join())
            const later = [0x22, ...Buffer.from('0123456789012345678'), ...content, 0x22]
            assert.equal(scan(Uint8Array.from(later)), isRight, content.join())
          }
        }
      }
    }
    assert.ok(accepted > 100)
  })

  it('tells what is too deep from what is wrong, at the limit and beyond', () => {
    const nested = (depth: number, inner = ''): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`
    assert.equal(scan(nested(MAX_DEPTH)), true)
    assert.equal(scan(nested(MAX_DEPTH, '1')), true)
    assert.equal(scan(nested(MAX_DEPTH, '{}')), 'too deep')
    assert.equal(scan(nested(MAX_DEPTH + 1)), 'too deep')
    assert.equal(scan(nested(MAX_DEPTH, '"[[[["')), true)
    assert.equal(scan(nested(MAX_DEPTH, ']')), false)
    assert.equal(scan(nested(1000)), 'too deep')
    assert.equal(scan('['.repeat(1000)), 'too deep')
    assert.equal(scan('{"a":'.repeat(1000)), 'too deep')
    assert.equal(scan(nested(1000), 1000), true)
    assert.equal(scan(nested(1000), 999), 'too deep')
    assert.equal(scan(nested(100_000), 100_000), true)
    const mixed = '{"a":[{"b":[{}]},1]}'
    assert.equal(depthOf(mixed), MAX_DEPTH)
    assert.equal(scan(mixed), true)
    assert.equal(scan(mixed, MAX_DEPTH - 1), 'too deep')
    // Closed ones do not count.
    assert.equal(scan(`[${'[[]],'.repeat(1000)}{}]`, 3), true)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTarget, scrapePathOf, type TargetProtocol } from '../../src/config/target-text.js'

function partsOf(text: string, protocol: TargetProtocol): unknown[] {
  const parsed = parseTarget(text, protocol)
  if ('problem' in parsed) return assert.fail(`${text}: ${parsed.problem}`)
  const { host, port, isTls, path } = parsed.target
  return [host, port, isTls, path]
}

function problemOf(text: string, protocol: TargetProtocol): string {
  const parsed = parseTarget(text, protocol)
  return 'problem' in parsed ? parsed.problem : assert.fail(`${text} is a target`)
}

describe('parseTarget', () => {
  it('reads addresses, names and URLs', () => {
    assert.deepEqual(partsOf('127.0.0.1:3000', 'udp'), ['127.0.0.1', 3000, false, '/announce'])
    assert.deepEqual(partsOf('[::1]:3000', 'http'), ['::1', 3000, null, '/announce'])
    assert.deepEqual(partsOf('tracker.example:80/announce?key=1', 'http'), [
      'tracker.example',
      80,
      null,
      '/announce?key=1',
    ])
    assert.deepEqual(partsOf('udp://tracker.example:6969/announce', 'udp').slice(0, 3), [
      'tracker.example',
      6969,
      false,
    ])
    assert.deepEqual(partsOf('http://[2001:db8::1]:8080/x/announce', 'http'), [
      '2001:db8::1',
      8080,
      false,
      '/x/announce',
    ])
  })

  it('knows ports that go without saying', () => {
    assert.deepEqual(partsOf('http://a', 'http').slice(1, 3), [80, false])
    assert.deepEqual(partsOf('HTTPS://a/announce', 'http').slice(1, 3), [443, true])
    assert.deepEqual(partsOf('ws://a', 'ws'), ['a', 80, false, '/announce'])
    assert.deepEqual(partsOf('wss://a:3000/', 'ws'), ['a', 3000, true, '/announce'])
    // A port that is the scheme's own is one nevertheless.
    assert.deepEqual(partsOf('udp://a:80', 'udp').slice(0, 2), ['a', 80])
  })

  it('says what is wrong', () => {
    assert.match(problemOf('udp://a:1', 'http'), /^udp:\/\/ is for aquatic loadtest udp\.$/)
    assert.match(problemOf('https://a', 'ws'), /^https:\/\/ is for aquatic loadtest http\.$/)
    assert.match(problemOf('htp://a', 'http'), /^Did you mean http:\/\/\?$/)
    assert.match(
      problemOf('udp://tracker.example/announce', 'udp'),
      /Write udp:\/\/tracker\.example:6969\/announce/,
    )
    assert.match(
      problemOf('tracker.example', 'http'),
      /Write "http:\/\/tracker\.example" or "tracker\.example:3000"/,
    )
    assert.match(problemOf('tracker.example', 'udp'), /^A port is missing/)
    assert.match(problemOf('::1:3000', 'udp'), /in brackets: \[::1\]:3000|\[::1:3000\]/)
    assert.match(problemOf('http://user:word@a', 'http'), /^Leave user name/)
    assert.match(problemOf('http://a:0', 'http'), /port 0/)
    assert.match(problemOf('http://a:65536', 'http'), /^Host or port/)
    assert.match(problemOf('http://', 'http'), /^A host is missing/)
    assert.match(problemOf('', 'http'), /^A host is missing/)
    assert.match(problemOf('a b:1', 'http'), /space/)
  })

  it('answers any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom('udp', 'http', 'ws'),
        (text, protocol) => {
          const parsed = parseTarget(text, protocol as TargetProtocol)
          if ('problem' in parsed) assert.match(parsed.problem, /[.?]$/)
          else assert.ok(parsed.target.port > 0 && parsed.target.path.startsWith('/'))
        },
      ),
    )
  })
})

it('scrapes go where BEP 48 says', () => {
  assert.equal(scrapePathOf('/announce'), '/scrape')
  assert.equal(scrapePathOf('/x/announce'), '/x/scrape')
  assert.equal(scrapePathOf('/announce.php'), '/scrape.php')
  assert.equal(scrapePathOf('/x/announce?x2%0644'), '/x/scrape?x2%0644')
  assert.equal(scrapePathOf('/announce?x=2/4'), '/scrape?x=2/4')
  assert.equal(scrapePathOf('/a'), null)
  assert.equal(scrapePathOf('/announce/x'), null)
  assert.equal(scrapePathOf('/x%064announce'), null)
})

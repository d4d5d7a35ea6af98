// Addresses of trackers as they are written behind `aquatic loadtest`: a target that can be asked, or a sentence.

import assert from 'node:assert/strict'
import { parseTarget, scrapePathOf, targetForm, targetOf } from '../../../src/config/target-text.js'
import { type FuzzTarget, utf8 } from '../target.js'

const protocols = ['udp', 'http', 'ws'] as const

function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  return protocols
    .map(protocol => {
      const parsed = parseTarget(text, protocol)
      if ('problem' in parsed) {
        assert.match(parsed.problem, /[.?:]/, 'no sentence')
        assert.equal(targetForm(protocol).problemOf?.(text), parsed.problem)
        return 'problem'
      }
      const { host, port, path, isTls } = parsed.target
      assert.ok(host !== '' && !/[\s/?#@[\]]/.test(host), `host ${JSON.stringify(host)}`)
      assert.ok(Number.isInteger(port) && port > 0 && port <= 65_535, `port ${port}`)
      // It is sent in a request line.
      assert.match(path, /^\/[\x21-\x7e]*$/, `path ${JSON.stringify(path)}`)
      assert.equal(new RegExp(targetForm(protocol).pattern, 'u').test(text), true, 'the schema refuses it')
      // Put together again it is the same target.
      const shown = host.includes(':') ? `[${host}]` : host
      const scheme = protocol === 'udp' ? 'udp' : `${protocol}${isTls === true ? 's' : ''}`
      const again = targetOf(`${scheme}://${shown}:${port}${path}`, protocol)
      assert.deepEqual([again.host, again.port, again.path], [host, port, path])
      return `${isTls} ${host.includes(':')} ${scrapePathOf(path) === null}`
    })
    .join(' ')
}

export const targetText: FuzzTarget = {
  name: 'target-text',
  seeds: [
    'udp://tracker.example:6969/announce',
    'https://tracker.example/announce?key=1',
    'wss://[2001:db8::1]:8000/',
    '127.0.0.1:3000',
    'localhost:3000/announce.php',
    'http://[::ffff:1.2.3.4]:80/x/announce-y',
    'http://user:password@host:1/',
  ].map(utf8),
  dictionary: [
    ...[
      'udp://',
      'http://',
      'https://',
      'ws://',
      'wss://',
      'htp://',
      '://',
      ':',
      '/',
      '?',
      '#',
      '@',
      '[',
      ']',
      '::1',
    ],
    ...[
      '%',
      '%00',
      '%2f',
      '\\',
      ' ',
      '\0',
      '\u00ad',
      'ß',
      '。',
      '０',
      'xn--',
      '0x7f.1',
      ':65535',
      ':65536',
      ':0',
      '..',
    ],
  ].map(utf8),
  bytesMax: 300,
  run,
}

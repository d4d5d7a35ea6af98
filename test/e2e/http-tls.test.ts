// TLS of the built binary on both engines, checked with `openssl s_client` as testssl does: versions, suites,
// resumption, ALPN, renegotiation, compression, chains, keys; and what is said at start.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { makeCertificate, opensslMissing, scratchDirectory } from '../support/certificates.js'
import { KeptConnection } from '../support/kept-connection.js'
import { offerSuites, sClient } from '../support/openssl-client.js'
import { engineMissing, meets } from '../support/requirement.js'
import { TlsTracker, tlsSettings } from '../support/tls-tracker.js'
import { startBinary, startTracker } from '../support/tracker-process.js'

const request = 'GET /announce HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n\r\n'
/** The client's own floor must be lower than the server's, or nothing is learnt about the server. */
const low = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']

/** Suites of TLS 1.2 and before that nobody should be served with (IANA's numbers). */
const weakSuites = {
  'RSA NULL-MD5, NULL-SHA, NULL-SHA256': [0x0001, 0x0002, 0x003b],
  'EXPORT RC4-40-MD5, DES-40-CBC': [0x0003, 0x0008, 0x0014],
  'RC4-MD5, RC4-SHA': [0x0004, 0x0005, 0xc011],
  '3DES': [0x000a, 0x0016, 0xc012],
  'anonymous DH and ECDH': [0x0034, 0x006d, 0x00a6, 0xc018],
  'ECDHE with CBC': [0xc013, 0xc014, 0xc027, 0xc028],
  'RSA key exchange with CBC': [0x002f, 0x0035, 0x003c],
  'RSA key exchange with GCM (no forward secrecy)': [0x009c, 0x009d],
}
const ECDHE_RSA_AES128_GCM = 0xc02f
const HANDSHAKE_FAILURE = 40

const missing = (engine: 'native' | 'node') => ({ ...engineMissing(engine), ...opensslMissing() })

for (const engine of ['native', 'node'] as const) {
  describe(`TLS of the tracker, ${engine} engine`, () => {
    it('speaks 1.2 and 1.3 and says so; 1.0 and 1.1 are refused', async t => {
      if (!meets(t, missing(engine))) return
      const { port, tracker } = await TlsTracker.start(t, engine, { commonName: 'one', keyKind: 'rsa:2048' })
      assert.equal(tracker.listening[0].protocol, 'https')
      assert.equal(tracker.listening[0].engine, engine)
      for (const version of ['1.2', '1.3']) {
        const said = sClient(
          port,
          [`-tls${version.replace('.', '_')}`, '-ign_eof', '-alpn', 'h2,http/1.1'],
          request,
        )
        assert.match(said, new RegExp(`^New, TLSv${version}, Cipher is (ECDHE-RSA|TLS)[-_]AES`, 'm'))
        assert.match(said, /^ALPN protocol: http\/1\.1$/m)
        assert.match(said, /^Compression: NONE$/m)
        assert.match(said, /^HTTP\/1\.1 200 OK/m)
      }
      for (const version of ['-tls1', '-tls1_1']) {
        const said = sClient(port, [version, ...low])
        assert.match(said, /alert protocol version/, version)
        assert.match(said, /Cipher is \(NONE\)/)
      }
      assert.match(sClient(port, ['-alpn', 'h2']), /alert/)
      assert.equal((await tracker.stop()).code, 0)
    })

    it('has no weak suite and no compression, whatever is offered', async t => {
      if (!meets(t, missing(engine))) return
      const { port } = await TlsTracker.start(t, engine, { commonName: 'one', keyKind: 'rsa:2048' })
      for (const [name, suites] of Object.entries(weakSuites)) {
        assert.deepEqual(await offerSuites(port, suites), { alert: HANDSHAKE_FAILURE }, name)
      }
      const all = Object.values(weakSuites).flat()
      assert.deepEqual(await offerSuites(port, [...all, ECDHE_RSA_AES128_GCM]), {
        suite: ECDHE_RSA_AES128_GCM,
        compression: 0,
      })
      for (const ciphers of ['NULL', 'aNULL', 'SHA1', 'kRSA', 'DHE']) {
        const said = sClient(port, ['-tls1_2', '-cipher', `${ciphers}:@SECLEVEL=0`])
        assert.match(said, /alert handshake failure/, ciphers)
      }
    })

    it('does not renegotiate', async t => {
      if (!meets(t, missing(engine))) return
      const { port } = await TlsTracker.start(t, engine, { commonName: 'one' })
      const said = sClient(port, ['-tls1_2', '-no_ign_eof'], 'R\n')
      assert.match(said, /^Secure Renegotiation IS supported$/m)
      assert.match(said, /^RENEGOTIATING\n.*no renegotiation/m)
      const connection = await KeptConnection.tls(t, port)
      assert.equal((await connection.announce({ torrent: 1, port: 1000 }))['incomplete'], 0)
    })

    for (const version of ['-tls1_2', '-tls1_3']) {
      it(`resumes sessions with whichever worker takes the connection (${version})`, async t => {
        if (!meets(t, missing(engine))) return
        const started = await TlsTracker.start(t, engine, { commonName: 'one' })
        const { port, tracker } = started
        const file = started.file('session.pem')
        assert.equal(tracker.listening[0].workers, engine === 'native' ? 2 : 1)
        assert.match(sClient(port, [version, '-ign_eof', '-sess_out', file], request), /^New, TLS/m)
        // With two workers that take one connection in two each, all sixteen meet one in 2^15 runs.
        for (let connection = 0; connection < 16; connection++) {
          assert.match(
            sClient(port, [version, '-sess_in', file]),
            /^Reused, TLS/m,
            `connection ${connection}`,
          )
        }
        const stopped = JSON.parse((await tracker.stop()).stdout.trim().split('\n').at(-1) as string)
        assert.equal(stopped.counters.handshakesFull, 1)
        assert.equal(stopped.counters.handshakesResumed, 16)
      })
    }

    for (const keyKind of ['ec', 'rsa:2048'] as const) {
      it(`serves a full chain, with an encrypted key (${keyKind}); no client need name the server`, async t => {
        if (!meets(t, missing(engine))) return
        const directory = scratchDirectory(t)
        const root = makeCertificate(directory, 'root', { commonName: 'root' })
        const middle = makeCertificate(directory, 'middle', {
          commonName: 'middle',
          issuer: root,
          isAuthority: true,
        })
        const own = makeCertificate(directory, 'own', {
          commonName: 'own',
          keyKind,
          issuer: middle,
          passphrase: 'open it',
        })
        const chain = [own, middle].map(({ certificatePath }) => readFileSync(certificatePath, 'latin1'))
        writeFileSync(own.certificatePath, chain.join(''))
        const settings = { 'network.engine': engine, ...tlsSettings(own) }
        const tracker = await startTracker(t, { protocol: 'http', families: [4], settings })
        for (const name of [['-noservername'], ['-servername', 'own'], ['-servername', 'unheard.example']]) {
          const args = ['-CAfile', root.certificatePath, '-showcerts', ...name]
          const said = sClient(tracker.port(4), args)
          assert.match(said, /Verify return code: 0 \(ok\)/, name.join(' '))
          assert.equal(said.match(/BEGIN CERTIFICATE/g)?.length, 2)
        }
        const ca = readFileSync(root.certificatePath)
        const connection = await KeptConnection.tls(t, tracker.port(4), { ca, rejectUnauthorized: true })
        assert.equal((await connection.announce({ torrent: 1, port: 1000 }))['incomplete'], 0)
      })
    }

    it('does not start with a certificate that can not be served: one sentence, exit code 1', async t => {
      if (!meets(t, missing(engine))) return
      const directory = scratchDirectory(t)
      const good = makeCertificate(directory, 'good', { commonName: 'good' })
      const other = makeCertificate(directory, 'other', { commonName: 'other' })
      const expired = makeCertificate(directory, 'expired', { commonName: 'expired', days: -1 })
      const locked = makeCertificate(directory, 'locked', { commonName: 'locked', passphrase: 'open it' })
      const cases = [
        [
          { ...good, keyPath: other.keyPath },
          /The private key in .* does not belong to the first certificate in /,
        ],
        [expired, /The certificate in .*expired\.pem expired at /],
        [{ ...locked, passphrasePath: '' }, /The private key in .* is encrypted\./],
        [{ ...locked, passphrasePath: good.certificatePath }, /can't be decrypted with the passphrase in /],
        [{ ...good, certificatePath: `${directory}/none` }, /none can't be read: there is no such file\./],
      ] as const
      const where = {
        'network.engine': engine,
        'network.use_ipv6': false,
        'network.address_ipv4': '127.0.0.1:0',
      }
      for (const [files, sentence] of cases) {
        const settings = Object.entries({ ...where, ...tlsSettings(files) })
        const args = settings.flatMap(([key, value]) => ['--set', `${key}=${value}`])
        const { code, stdout, stderr } = await startBinary(t, ['serve', 'http', ...args], {}).ended
        assert.deepEqual([code, stdout], [1, ''], stderr)
        assert.match(stderr, sentence)
        assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr)
        assert.match(stderr, /^ {2}try: /m)
        assert.doesNotMatch(stderr, /listening/)
      }
      const halfSet = ['--set', 'network.enable_tls=true']
      const { code, stderr } = await startBinary(t, ['serve', 'http', ...halfSet], {}).ended
      assert.equal(code, 2)
      assert.match(stderr, /network\.enable_tls is true without network\.tls_certificate_path and /)
    })
  })
}

describe('TLS of the native engine where OpenSSL can not be called', () => {
  const fixture = new URL('../fixtures/without-openssl.js', import.meta.url)
  const environment = { NODE_OPTIONS: `--import ${fixture.href}` }
  const reason =
    /its TLS needs OpenSSL, which can't be called \(Failed to load shared library: libssl\.so\.3\)/

  it('is left to the node engine with engine = "auto", and the reason is said', async t => {
    if (!meets(t, missing('native'))) return
    const files = makeCertificate(scratchDirectory(t), 'one', { commonName: 'one' })
    const settings = tlsSettings(files)
    const tracker = await startTracker(t, { protocol: 'http', families: [4], settings, environment })
    assert.equal(tracker.listening[0].engine, 'node')
    assert.match((await tracker.process.waitForLines('stdout', /"engine node: /))[0], reason)
    const connection = await KeptConnection.tls(t, tracker.port(4))
    assert.equal((await connection.announce({ torrent: 1, port: 1000 }))['incomplete'], 0)
    const plain = await startTracker(t, { protocol: 'http', families: [4], environment })
    assert.equal(plain.listening[0].engine, 'native')
  })

  it('is an error with engine = "native"', async t => {
    if (!meets(t, missing('native'))) return
    const files = makeCertificate(scratchDirectory(t), 'one', { commonName: 'one' })
    const settings = { ...tlsSettings(files), 'network.engine': 'native' }
    const args = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const { code, stderr } = await startBinary(t, ['serve', 'http', ...args], { environment }).ended
    assert.equal(code, 1)
    assert.match(stderr, /^error: The native engine can't work here: /m)
    assert.match(stderr, reason)
    assert.match(stderr, /try: set network\.engine to "auto" or "node"/)
  })
})

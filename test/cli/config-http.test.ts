// The `config` commands for the HTTP tracker, on the built binary.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { httpTable } from '../../src/config/http.js'
import { defaultConfig } from '../../src/config/load.js'
import { printConfig } from '../../src/config/print.js'
import { dataFile, scratchDirectory, scratchFile } from '../config/scratch.js'
import { makeCertificate, opensslMissing } from '../support/certificates.js'
import { meets } from '../support/requirement.js'
import { type Finished, runAquatic } from './run.js'

/** One IPv4 address on a free port: nothing that this machine could lack. */
const modest = { 'network.use_ipv6': 'false', 'network.address_ipv4': '127.0.0.1:0', socket_workers: '1' }

function check(settings: Readonly<Record<string, string>>): Promise<Finished> {
  const set = Object.entries({ ...modest, ...settings }).flatMap(pair => ['--set', pair.join('=')])
  return runAquatic(['config', 'check', 'http', ...set])
}

const ok = { exitCode: 0, stdout: 'environment and flags: ok\n', stderr: '' }

async function listening(t: TestContext, where: string | number): Promise<AddressInfo | string> {
  const server = createServer()
  t.after(() => server.close())
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
  return server.address()!
}

test('what is printed is accepted, without a word', async t => {
  const printed = await runAquatic(['config', 'print', 'http'])
  const text = printConfig(httpTable, defaultConfig(httpTable))
  assert.deepEqual(printed, { exitCode: 0, stdout: `${text}\n`, stderr: '' })
  const file = scratchFile(t, printed.stdout)
  const checked = await runAquatic(['config', 'check', 'http', '--no-machine', '-c', file])
  assert.deepEqual(checked, { exitCode: 0, stdout: `${file}: ok\n`, stderr: '' })
})

test('a file of release 0.9.0 is ok, and diff says what its older keys are', async () => {
  const file = dataFile('http-released-0.9.0.toml')
  const checked = await runAquatic(['config', 'check', 'http', '--no-machine', '-c', file])
  assert.deepEqual(checked, { exitCode: 0, stdout: `${file}: ok\n`, stderr: '' })
  const { stdout, stderr } = await runAquatic(['config', 'diff', 'http', '-c', file])
  assert.match(stdout, /^protocol.peer_announce_interval: 900 \(default\) -> 120 \(/m)
  for (const key of ['swarm_workers', 'network.address', 'metrics.run_prometheus_endpoint']) {
    assert.ok(stderr.includes(`: ${key} is a key of older files.`), key)
  }
})

test('keys and sections of older files are explained', async () => {
  const key = await runAquatic(['config', 'explain', 'http', 'metrics.run_prometheus_endpoint'])
  assert.match(key.stdout, /now statistics\.run_prometheus_endpoint[\s\S]*Older files/)
  const section = await runAquatic(['config', 'explain', 'http', 'metrics'])
  assert.equal(section.stdout.split('\n').filter(line => line.startsWith('metrics.')).length, 3)
  const top = await runAquatic(['config', 'explain', 'http', 'swarm_workers'])
  assert.match(top.stdout, /Effect {9}none: all workers share one swarm/)
  const printed = await runAquatic(['config', 'print', 'http', '--section', 'metrics'])
  assert.deepEqual([printed.exitCode, printed.stdout], [2, ''])
})

test('what this machine can give is ok', async () => {
  assert.deepEqual(await check({}), ok)
})

test('a busy TCP port is an error', async t => {
  const { port } = (await listening(t, 0)) as AddressInfo
  const { exitCode, stderr } = await check({ 'network.address_ipv4': `127.0.0.1:${port}` })
  assert.equal(exitCode, 2)
  assert.match(stderr, new RegExp(`^error: --set network.address_ipv4: tcp 127.0.0.1:${port} is taken by `))
})

test('a port for clients and metrics alike is an error', async t => {
  const server = await listening(t, 0)
  const { port } = server as AddressInfo
  const address = `127.0.0.2:${port}`
  const { exitCode, stderr } = await check({
    'network.address_ipv4': address,
    'statistics.run_prometheus_endpoint': 'true',
    'statistics.prometheus_endpoint_address': address,
  })
  assert.equal(exitCode, 2)
  const text = `tcp ${address} can't be used: network.address_ipv4 asks for ${address}.`
  assert.match(stderr, new RegExp(`^error: --set statistics.prometheus_endpoint_address: ${text}\n  try: `))
})

test('connections beyond the limit of open files are an error', async t => {
  if (!meets(t, { 'limits are in /proc on Linux': process.platform !== 'linux' })) return
  const args = ['config', 'check', 'http', '--set', 'network.use_ipv6=false', '--set', 'socket_workers=1']
  const port = ['--set', 'network.address_ipv4=127.0.0.1:0']
  const limited = (connections: number): Promise<Finished> =>
    runAquatic([...args, ...port, '--set', `network.max_connections=${connections}`], {
      wrapper: ['sh', '-c', 'ulimit -n 2000 && exec "$@"', 'sh'],
    })
  assert.deepEqual(await limited(1500), ok)
  const { exitCode, stderr } = await limited(2000)
  assert.equal(exitCode, 2)
  assert.match(stderr, /^error: up to 2077 files and sockets are needed at once, and the limit is 2000\.\n/)
})

test('certificate and key are read: until when it is valid, or what is wrong with each', async t => {
  if (!meets(t, opensslMissing())) return
  const make = (name: string) => makeCertificate(scratchDirectory(t), name, { commonName: name, names: '' })
  const [{ certificatePath: certificate, keyPath: key }, other] = [make('c'), make('d')]
  const checkFiles = (certificatePath: string, keyPath: string): Promise<Finished> =>
    check({
      'network.enable_tls': 'true',
      'network.tls_certificate_path': certificatePath,
      'network.tls_private_key_path': keyPath,
    })
  const good = await checkFiles(certificate, key)
  assert.deepEqual([good.exitCode, good.stdout], [0, ok.stdout])
  const [ofCertificate, ofKey] = good.stderr.split('\n')
  assert.match(
    ofCertificate!,
    /^note: --set network.tls_certificate_path: .*certificate of O=Example, CN=c, valid until \d/,
  )
  assert.match(ofKey!, /^note: --set network.tls_private_key_path: .*private key \(ec\) of the certificate$/)
  const soon = makeCertificate(scratchDirectory(t), 'soon', { commonName: 'soon', days: 2 })
  const expiring = await checkFiles(soon.certificatePath, soon.keyPath)
  assert.deepEqual([expiring.exitCode, expiring.stdout], [0, ok.stdout.replace('ok', 'ok, with 1 warning')])
  assert.match(
    expiring.stderr,
    /^warning: --set network\.tls_certificate_path: .*soon\.pem is valid only until 20\S+\.\n {2}try: renew it, then /,
  )
  const noKey = await checkFiles(certificate, certificate)
  assert.equal(noKey.exitCode, 2)
  assert.match(
    noKey.stderr,
    /^error: --set network.tls_private_key_path: .*c\.pem has no private key in it\.\n {2}try: give it a PEM file/,
  )
  const swapped = await checkFiles(certificate, other.keyPath)
  assert.match(
    swapped.stderr,
    /^error: --set network.tls_private_key_path: .* does not belong to the first certificate in /,
  )
  // The one thing that is wrong is said once.
  const noCertificate = await checkFiles(key, key)
  assert.match(
    noCertificate.stderr,
    /^error: --set network.tls_certificate_path: .*c-key\.pem has no certificate in it/,
  )
  assert.equal(noCertificate.stderr.match(/^error: /gm)?.length, 1)
})

test('a Unix socket may be there already, a file may not', async t => {
  const directory = scratchDirectory(t)
  const path = join(directory, 's')
  const settings = { 'network.unix_socket_path': path, 'network.proxy_protocol': 'required' }
  assert.deepEqual(await check(settings), ok)
  await listening(t, path)
  assert.deepEqual(await check(settings), ok)
  const file = join(directory, 'f')
  writeFileSync(file, '')
  const { exitCode, stderr } = await check({ ...settings, 'network.unix_socket_path': file })
  assert.equal(exitCode, 2)
  assert.match(stderr, /f can't be a socket: there is a file\.\n {2}try: remove it/)
})

test('every file that would be written has its place checked', async () => {
  const outputs = { write_html_to_file: 'html', write_json_to_file: 'json' }
  for (const [key, kind] of Object.entries(outputs)) {
    const { stderr } = await check({
      [`statistics.${key}`]: 'true',
      [`statistics.${kind}_file_path`]: '/dev/null/where',
    })
    assert.match(
      stderr,
      new RegExp(`^error: --set statistics.${kind}_file_path: .* /dev/null is no directory\\.`),
    )
    // By default they go into a directory that is made with them.
    const byDefault = { [`statistics.${key}`]: 'true', [`statistics.${kind}_file_path`]: './no/such/where' }
    assert.deepEqual(await check(byDefault), ok)
  }
  const { stderr } = await check({
    'scrape_exports.enable_scrape_exports': 'true',
    'scrape_exports.path': '/no/where',
  })
  assert.match(stderr, /^error: --set scrape_exports.path: .* there is no directory \/no\./)
})

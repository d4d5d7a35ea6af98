// The package on a clean prefix: what README.md shows works from there, also where koffi does not.

import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { canRun, type ProcessEnd, type RunningProcess, startProcess } from '../support/child-process.js'
import { meets } from '../support/requirement.js'
import { UdpClient } from '../support/udp-client.js'
import { type Installed, install, pack, temporaryDirectory } from './packed.js'
import { readmeCommands } from './readme.js'

const only = (prefix: string): string =>
  `--set ${prefix}network.address_ipv4=127.0.0.1:0 --set ${prefix}network.use_ipv6=false`

/** Puts what README.md serves on the ports that everybody has on one that is free, IPv4 alone. */
function apart(command: string): string {
  const isOne = / (udp|http|ws)( |$)/.test(command)
  return `${command} ${isOne ? only('') : ['udp.', 'http.', 'ws.'].map(only).join(' ')}`
}

/** A shell of somebody who has just installed the package, in a directory of their own. */
class Shell {
  private readonly directory: string
  private readonly owner: TestContext
  private readonly installed: Installed

  constructor(owner: TestContext, installed: Installed) {
    this.owner = owner
    this.installed = installed
    this.directory = temporaryDirectory(owner)
  }

  /** `exec`, so that a signal meets the program and not its shell. */
  start(command: string): RunningProcess {
    const [, variables = '', rest = ''] = /^((?:[A-Z_0-9]+=\S+ )*)(.*)$/.exec(command) ?? []
    const env = this.installed.environment(this.directory)
    const line = `${variables === '' ? '' : `export ${variables}; `}exec ${rest}`
    return startProcess(this.owner, 'sh', ['-c', line], { cwd: this.directory, env })
  }

  /** @param codes the exit codes that count as well */
  async run(command: string, codes: readonly (number | null)[] = [0]): Promise<ProcessEnd> {
    const end = await this.start(command).ended
    assert.ok(codes.includes(end.code), `${command}: ${end.code}\n${end.stdout}\n${end.stderr}`)
    return end
  }

  /** @returns the process, and the ports it listens on, in the order `udp`, `http`, `ws` */
  async serve(command: string): Promise<{ process: RunningProcess; ports: readonly number[] }> {
    const process = this.start(command)
    const isJson = command.includes('--json')
    const addresses = command.split('address_ipv4=127.0.0.1:0').length - 1
    const count = addresses - (command.split('.enabled=false').length - 1)
    const pattern = isJson ? /"event":"listening"/ : /^listening (udp|http|ws) /
    const lines = await process.waitForLines(isJson ? 'stdout' : 'stderr', pattern, count)
    const inOrder = ['udp', 'http', 'ws'].flatMap(protocol =>
      lines.filter(line => new RegExp(`^listening ${protocol} |"protocol":"${protocol}"`).test(line)),
    )
    return { process, ports: inOrder.map(line => Number(/127\.0\.0\.1(?:","port")?:(\d+)/.exec(line)?.[1])) }
  }
}

/** A real client is given the peer that announced itself before. */
async function announces(port: number): Promise<void> {
  const client = await UdpClient.connected({ address: '127.0.0.1', port })
  await client.announce({ left: 0n, port: 6881 })
  const { peers } = await client.announce({ port: 6882 })
  client.close()
  assert.deepEqual(peers, ['127.0.0.1:6881'])
}

async function stopped(process: RunningProcess): Promise<ProcessEnd> {
  const end = await process.stop('SIGTERM')
  assert.equal(end.code, 0, end.stderr)
  return end
}

/** Answers came, whatever an objective of README.md says of a machine that is busy with other tests. */
const MEASURED = [0, 3, 4]

/** How each command of README.md is run here; the first that fits. */
const WAYS: readonly [RegExp, (shell: Shell, command: string, trackers: Trackers) => Promise<unknown>][] = [
  [
    /^([A-Z_0-9]+=\S+ )*aquatic serve/,
    async (shell, command) => {
      const { process } = await shell.serve(apart(command))
      await stopped(process)
    },
  ],
  [/^aquatic config check /, (shell, command) => shell.run(apart(command))],
  [
    /^aquatic (config|bench list|autocomplete|loadtest (compare|hashes))/,
    (shell, command) => shell.run(command),
  ],
  // Searches as long as it takes, compares for minutes, or reads what that wrote: that the flags are there has to do.
  [
    /^aquatic (loadtest \w+ --search|bench (--quick|udp|compare|report))/,
    (shell, command) => shell.run(`${command} --help`),
  ],
  [
    /^aquatic loadtest (udp|http|ws)/,
    async (shell, command, trackers) => {
      const [, protocol] = /loadtest (udp|http|ws)/.exec(command)!
      const url = trackers[protocol as keyof Trackers]
      const elsewhere = / \w+:\/\/\S+| --(duration|connections) \S+/g
      const words = command.replace(elsewhere, '').replace(protocol!, `${protocol} ${url}`)
      const out = protocol === 'udp' ? '--out before.json --out after.json' : ''
      const { stdout } = await shell.run(`${words} --duration 1 --warmup 0.1 --workers 1 ${out}`, MEASURED)
      assert.match(stdout, /announce/)
    },
  ],
]

/** URLs of trackers that run. */
interface Trackers {
  readonly udp: string
  readonly http: string
  readonly ws: string
}

/** What other commands read is written before they run. */
function turnOf(command: string): 0 | 1 | 2 {
  if (command.includes(' > ')) return 0
  return command.includes(' compare ') ? 2 : 1
}

async function runReadme(t: TestContext, installed: Installed): Promise<void> {
  const shell = new Shell(t, installed)
  const { process, ports } = await shell.serve(apart('aquatic serve'))
  const [udp, http, ws] = ports
  const trackers = {
    udp: `udp://127.0.0.1:${udp}`,
    http: `http://127.0.0.1:${http}/announce`,
    ws: `ws://127.0.0.1:${ws}`,
  }
  const run = (command: string): Promise<void> =>
    t.test(command, async () => {
      const way = WAYS.find(([pattern]) => pattern.test(command))
      assert.ok(way, 'a way to run it, in this file')
      await way[1](shell, command, trackers)
    })
  const commands = readmeCommands()
  assert.ok(commands.length > 20, `${commands.length} commands`)
  for (const turn of [0, 1, 2]) await Promise.all(commands.filter(at => turnOf(at) === turn).map(run))
  await stopped(process)
}

async function checkManPages(t: TestContext, installed: Installed): Promise<void> {
  const { man } = JSON.parse(installed.readText('package.json')) as { man: readonly string[] }
  const pages = man.map(path => join(installed.prefix, 'share/man/man1', path.replace('./man/', '')))
  assert.deepEqual(
    pages.filter(page => !existsSync(page)),
    [],
  )
  if (!canRun('man', ['--version'])) return
  const { stdout } = await new Shell(t, installed).run('man -P cat aquatic-serve-udp')
  assert.match(stdout, /Run the UDP tracker/)
}

async function checkWithoutKoffi(t: TestContext, installed: Installed): Promise<void> {
  const shell = new Shell(t, installed)
  const { process, ports } = await shell.serve(apart('aquatic serve udp'))
  const [line] = await process.waitForLines('stderr', /koffi/)
  assert.match(line!, /^note: engine node: koffi can't be loaded \(.+\)$/)
  await announces(ports[0]!)
  const load = `aquatic loadtest udp udp://127.0.0.1:${ports[0]} --duration 1 --warmup 0.1 --workers 1`
  await shell.run(load, MEASURED)
  const { stderr } = await stopped(process)
  assert.equal(stderr.match(/koffi can't be loaded/g)?.length, 1, stderr)

  const asked = await shell.run(`${apart('aquatic serve udp')} --set network.engine=native`, [1, 2])
  assert.match(asked.stderr, /native engine can't work here: koffi can't be loaded/)
  assert.match(asked.stderr, /set network\.engine to "auto" or "node"/)
}

test('the package, installed on a clean prefix', async t => {
  const packed = temporaryDirectory(t)
  const tarball = join(packed, (await pack(t, packed)).filename)
  const installed = await install(t, tarball, join(packed, 'prefix'))
  if (typeof installed === 'string') return void meets(t, { [`no registry: ${installed}`]: true })
  const shell = new Shell(t, installed)

  await t.test('says its version and its commands', async () => {
    const { version } = JSON.parse(installed.readText('package.json'))
    assert.match((await shell.run('aquatic --version')).stdout, new RegExp(`^aquatic/${version} `))
    assert.match((await shell.run('aquatic --help')).stdout, /serve/)
    assert.match((await shell.run('aquatic config print udp')).stdout, /^\[network\]$/m)
  })

  await t.test('serves, answers an announce, is load tested and stops', async () => {
    const { process, ports } = await shell.serve(apart('aquatic serve udp'))
    await announces(ports[0]!)
    const load = `aquatic loadtest udp udp://127.0.0.1:${ports[0]} --duration 1 --warmup 0.1 --json`
    const { stdout } = await shell.run(load, MEASURED)
    assert.ok(JSON.parse(stdout), stdout)
    assert.match((await stopped(process)).stderr, /stopped after/)
  })

  await t.test('has its man pages where man looks for them', t => checkManPages(t, installed))
  await t.test('runs every command of README.md', { concurrency: 3 }, t => runReadme(t, installed))

  await t.test('serves on the node engine where npm has left koffi out', async t => {
    rmSync(join(installed.tree, 'node_modules/@koromix'), { recursive: true })
    await checkWithoutKoffi(t, installed)
  })
})

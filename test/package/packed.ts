// The package as npm writes it, and as npm installs it on a clean prefix.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Owner, type ProcessEnd, startProcess } from '../support/child-process.js'
import { cleanEnvironment, packageRoot } from '../support/tracker-process.js'

export interface PackedFile {
  readonly path: string
  readonly size: number
}

export interface Packed {
  readonly filename: string
  /** Bytes of the compressed file. */
  readonly size: number
  /** Bytes of what is in it. */
  readonly unpackedSize: number
  readonly files: readonly PackedFile[]
}

/** Gone when its owner's tests are over. */
export function temporaryDirectory(owner: Owner): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-package-'))
  owner.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Runs npm in the clone. */
export function npm(owner: Owner, args: readonly string[], environment = {}): Promise<ProcessEnd> {
  const env = { ...outsideNpm(), ...environment }
  return startProcess(owner, 'npm', args, { cwd: packageRoot, env }).ended
}

/** This process's environment without what `npm test` adds to it: a person's shell has none of that. */
export function outsideNpm(): NodeJS.ProcessEnv {
  const entries = Object.entries(cleanEnvironment())
  return Object.fromEntries(entries.filter(([key]) => !/^npm_(?!config_(cache|registry)$)/.test(key)))
}

/** What a plain `npm pack` makes of the clone as it is built. */
export async function pack(owner: Owner, directory: string): Promise<Packed> {
  const { code, stdout, stderr } = await npm(owner, ['pack', '--json', '--pack-destination', directory])
  assert.equal(code, 0, stderr)
  const said = JSON.parse(stdout) as Packed[] | Record<string, Packed>
  return Object.values(said)[0]!
}

/** A prefix of npm with the package in it. */
export class Installed {
  readonly prefix: string
  readonly tree: string

  constructor(prefix: string) {
    this.prefix = prefix
    this.tree = join(prefix, 'lib/node_modules/aquatic')
  }

  /** Of a shell of somebody who has just installed it. */
  environment(home: string): NodeJS.ProcessEnv {
    const path = [join(this.prefix, 'bin'), dirname(process.execPath), process.env['PATH'] ?? '']
    return { PATH: path.join(delimiter), HOME: home, XDG_CACHE_HOME: join(home, 'cache') }
  }

  readText(path: string): string {
    return readFileSync(join(this.tree, path), 'utf8')
  }
}

/**
 * `npm install --global` on a prefix that is empty. What `npm ci` has fetched before is taken from npm's cache.
 * @returns what npm said where it could not ask the registry
 */
export async function install(owner: Owner, tarball: string, prefix: string): Promise<Installed | string> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  // Asked again after 1, 3, 9 and 27 seconds: a registry that fails for a moment is none of the package's faults.
  const patient = ['--fetch-retries=4', '--fetch-retry-mintimeout=1000', '--fetch-retry-factor=3']
  const args = ['install', '--global', '--prefix', prefix, ...quiet, ...patient, tarball]
  const { code, stderr } = await npm(owner, args)
  if (
    code !== 0 &&
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/.test(stderr)
  )
    return stderr
  assert.equal(code, 0, stderr)
  return new Installed(prefix)
}

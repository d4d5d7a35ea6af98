// Looking for programs and asking them who they are.

import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Missing, Places } from './contender.js'
import { isScript } from './scripts.js'

/** A program that does not answer at once is not asked for long. */
const ANSWER_LIMIT_MS = 5_000

/** Directories that only the administrator's shell looks into. */
const MORE_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The path of a program that a shell would find; undefined where it would find none. */
export function findInPath(program: string, environment: NodeJS.ProcessEnv): string | undefined {
  const directories = [...(environment['PATH'] ?? '').split(delimiter), ...MORE_DIRECTORIES]
  return directories
    .filter(directory => directory !== '')
    .map(directory => join(directory, program))
    .find(path => existsSync(path))
}

/** The program that `--path KEY=…` names, else the first of `programs` in PATH; otherwise why there is none. */
export function findProgram(
  key: string,
  programs: readonly string[],
  { paths, environment }: Places,
  remedy: string,
): string | Missing {
  const named = paths.get(key)
  if (named === undefined) {
    const found = programs.map(program => findInPath(program, environment)).find(path => path !== undefined)
    return found ?? { reason: `no ${programs.join(' or ')} in PATH`, remedy }
  }
  try {
    accessSync(named, isScript(named) ? constants.R_OK : constants.X_OK)
    return named
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { reason: `${named} is not an executable file (${code})`, remedy: `--path ${key}=FILE` }
  }
}

/** What a program writes to stdout; undefined where it is missing, fails or does not end. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { encoding: 'utf8' as const, timeout: ANSWER_LIMIT_MS, killSignal: 'SIGKILL' as const }
    return (await promisify(execFile)(command, [...args], options)).stdout
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return undefined
  }
}

/** The first line of it. */
export async function firstLineOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const line = (await outputOf(command, args))?.split('\n')[0].trim()
  return line === '' ? undefined : line
}

/** What `cargo install` noted beside the programs it installed; undefined for those that came another way. */
export function versionByCargo(program: string, crate: string): string | undefined {
  const notes = join(dirname(program), '..', '.crates.toml')
  if (!existsSync(notes)) return undefined
  return new RegExp(`^"${crate} (\\S+) `, 'm').exec(readFileSync(notes, 'utf8'))?.[1]
}

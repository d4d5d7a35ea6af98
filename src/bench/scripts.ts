// Trackers that are JavaScript: where their package is, and how they are started whether or not they are executable.

import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Launch } from './contender.js'

/** Of a file that node runs, which needs no permission to be executed. */
const SCRIPT_NAME = /\.[cm]?js$/

export function isScript(path: string): boolean {
  return SCRIPT_NAME.test(path)
}

/** Starts a script by the node that runs the bench, and anything else as the program it is. */
export function scriptLaunch(path: string, args: readonly string[]): Launch {
  return isScript(path) ? { command: process.execPath, args: [path, ...args] } : { command: path, args }
}

/** The npm package a program belongs to, wherever links lead: the nearest directory above that says this name. */
export function findPackage(
  program: string,
  name: string,
): { readonly directory: string; readonly version: string } | undefined {
  let directory = dirname(orUndefined(() => realpathSync(program)) ?? program)
  for (;;) {
    const text = orUndefined(() => readFileSync(join(directory, 'package.json'), 'utf8'))
    const found =
      text === undefined ? undefined : (parse(text) as { name?: unknown; version?: unknown } | null)
    if (found?.name === name) return { directory, version: String(found.version) }
    const above = dirname(directory)
    if (above === directory) return undefined
    directory = above
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

/** Undefined for what is not there. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

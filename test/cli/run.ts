// Runs the built binary the way a user does.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const binary = fileURLToPath(new URL('../../../bin/aquatic.js', import.meta.url))

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `aquatic` with arguments in an environment of its own, with pipes instead of a terminal; `wrapper` is a
 * program that runs another, with its arguments.
 */
export async function runAquatic(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; closeStdout?: boolean; wrapper?: readonly string[] } = {},
): Promise<Finished> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env }
  const [command, ...before] = [...(options.wrapper ?? []), process.execPath]
  const child = spawn(command!, [...before, binary, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  if (options.closeStdout === true) child.stdout.destroy()
  const closed = once(child, 'close')
  const stdout = options.closeStdout === true ? '' : await text(child.stdout)
  const stderr = await text(child.stderr)
  const [exitCode] = (await closed) as [number | null]
  return { exitCode, stdout, stderr }
}

// How a benchmark begins and ends as a program: exit codes, clean-up, progress on stderr.
import { cleanUpAtExit } from './children.js'

/**
 * 2 is a mistake on the command line, 3 a stated target that was missed, 4 a measurement that says nothing.
 */
export const ExitCode = { ok: 0, failure: 1, usage: 2, targetMissed: 3, invalid: 4 } as const

/** A mistake in how the benchmark was called: one sentence without a stack, exit code 2. */
export class UsageError extends Error {}

/** Writes progress, which is never part of the answer. */
export function report(text: string): void {
  process.stderr.write(text)
}

/** Runs the benchmark and ends the process with its exit code; whatever it started ends with it. */
export async function runProgram(main: () => Promise<number>): Promise<never> {
  cleanUpAtExit()
  let exitCode: number = ExitCode.failure
  try {
    exitCode = await main()
  } catch (error) {
    if (error instanceof UsageError) exitCode = ExitCode.usage
    const isExpected = error instanceof UsageError
    report(`${isExpected ? error.message : ((error as Error).stack ?? String(error))}\n`)
  }
  process.exit(exitCode)
}

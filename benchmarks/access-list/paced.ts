// A load that leaves the worker time to spare, in an open loop: a request counts from the instant it was planned for,
// so that a tracker that is held up hides nothing.
import { join } from 'node:path'
import { ExitCode } from '../../src/errors.js'
import { readDocumentFile } from '../../src/loadtest/report/document.js'
import { startPinned } from '../support/children.js'
import type { Latencies } from './closed-loop.js'

export interface PaceOptions {
  readonly repository: string
  readonly directory: string
  readonly port: number
  readonly core: number
  readonly ratePerSecond: number
  readonly seconds: number
}

/** The load test itself was held up so often: this machine has no core to spare for it. */
const ATTEMPTS = 5

/** Announces at a rate by `aquatic loadtest`. Throws where it could not keep the rate itself. */
export async function paceAnswers(options: PaceOptions): Promise<Latencies> {
  const { repository, directory, port, core, ratePerSecond, seconds } = options
  const file = join(directory, 'paced.json')
  const flags = ['--rate', String(ratePerSecond), '--mix', '0:1:0', '--workers', '1', '--sockets', '16']
  const phases = ['--warmup', '1s', '--duration', `${seconds}s`, '--drain', '1s']
  const test = ['loadtest', 'udp', `udp://127.0.0.1:${port}`, '--quiet', '--no-tui', '--out', file]
  const args = [join(repository, 'bin/aquatic.js'), ...test, ...flags, ...phases]
  for (let attempt = 1; ; attempt++) {
    const child = startPinned({ command: process.execPath, args, core })
    const end = await child.exited
    if (end === 'ended with exit code 0') break
    const isVoid = end === `ended with exit code ${ExitCode.invalid}`
    if (!isVoid || attempt === ATTEMPTS) throw new Error(`the load test ${end}: ${child.stderr().trim()}`)
  }
  const { kinds } = await readDocumentFile(file)
  const announce = kinds.find(({ kind }) => kind === 'announce')
  if (!announce?.response) throw new Error('the load test measured no announces')
  const { outcomes, response } = announce
  return {
    answers: outcomes.answered,
    lost: outcomes.timedOut,
    refused: outcomes.refused + outcomes.malformed + outcomes.wrongType,
    p50Us: response.p50Us,
    p99Us: response.p99Us,
    p999Us: response.p999Us,
    longestUs: response.maxUs,
  }
}

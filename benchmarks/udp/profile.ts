// Says where our tracker's worker spends its time: node's processor profiler (`--cpu-prof`) under the mixed
// load. The profile itself stays in --out (a directory, default the current one) and opens in a browser's
// developer tools.
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { type CpuProfile, rankSelfTimes, threadOfProfile } from '../support/cpu-profile.js'
import type { LoadOptions } from '../support/flags.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, report, runProgram } from '../support/program.js'
import { oursArguments } from './contenders.js'
import { startTracker } from './measure.js'
import { parseLoadOptions } from './options.js'
import { findFreePort } from './probe.js'
import { buildYardstick, loads, runLoad } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const shownFunctions = 25

/**
 * Profiles every thread into `directory`: node writes the files when the tracker has stopped, here after
 * SIGTERM.
 */
async function record(options: LoadOptions, directory: string): Promise<void> {
  const yardstick = buildYardstick(options.yardstick, repository, directory)
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const port = await findFreePort()
  const args = ['--cpu-prof', `--cpu-prof-dir=${directory}`, ...oursArguments(repository, port)]
  const child = await startTracker({ command: process.execPath, args }, port, options.trackerCore)
  report(`profiling, ${options.seconds} s\n`)
  const load = await runLoad(yardstick, loads[0]!, port, options.seconds, options.loadCore)
  report(`${load.responsesPerSecond.toFixed(0)} responses/s, ${load.errors} errors, ${load.lost} lost\n`)
  await child.stop('SIGTERM')
}

function show(path: string): string {
  const ranked = rankSelfTimes(JSON.parse(readFileSync(path, 'utf8')) as CpuProfile)
  const rows = ranked
    .slice(0, shownFunctions)
    .map(({ name, place, selfMs, share }) => [name, place, selfMs.toFixed(0), (share * 100).toFixed(1)])
  return renderTable(['function', 'where', 'self, ms', '%'], rows)
}

async function main(): Promise<number> {
  const options = parseLoadOptions(process.argv.slice(2), { seconds: 10, warmUpSeconds: 0 })
  const directory = makeScratchDirectory()
  await record(options, directory)
  const profiles = readdirSync(directory).filter(name => (threadOfProfile(name) ?? 0) > 0)
  if (profiles.length === 0) {
    report('no profile of a worker thread was written: the tracker did not stop its workers in order\n')
    return ExitCode.invalid
  }
  for (const name of profiles) {
    const kept = join(options.out ?? '.', name)
    copyFileSync(join(directory, name), kept)
    process.stdout.write(`Thread ${threadOfProfile(name)}, ${kept}\n\n${show(kept)}\n\n`)
  }
  return ExitCode.ok
}

await runProgram(main)

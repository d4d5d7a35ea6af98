// Shows that the packet path allocates nothing: our tracker under load for a minute, and how often each of
// its threads collected garbage meanwhile.
//
// `--trace-gc` is not allowed in NODE_OPTIONS, so it goes on node's own command line; it holds for every
// thread. V8 prints through C's stdout, which a pipe would hold back in blocks of 4 KiB: stdbuf makes it
// write line by line, and the arrival of a line then says whether it belongs to the warm-up or to the
// steady minute.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeScratchDirectory } from '../support/children.js'
import { describeCommit, describeEnvironment } from '../support/environment.js'
import type { LoadOptions } from '../support/flags.js'
import {
  countPerThread,
  createLineSplitter,
  parseCollection,
  type SeenCollection,
  type ThreadCollections,
} from '../support/garbage-collections.js'
import { renderTable } from '../support/markdown.js'
import { ExitCode, report, runProgram } from '../support/program.js'
import { oursArguments } from './contenders.js'
import { startTracker } from './measure.js'
import { parseLoadOptions } from './options.js'
import { findFreePort } from './probe.js'
import { buildYardstick, type LoadResult, loads, runLoad } from './yardstick.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

interface SteadyResult {
  readonly threads: readonly ThreadCollections[]
  readonly load: LoadResult
}

async function observe(options: LoadOptions): Promise<SteadyResult> {
  const yardstick = buildYardstick(options.yardstick, repository, makeScratchDirectory())
  execFileSync('taskset', ['-acp', String(options.loadCore), String(process.pid)], { stdio: 'ignore' })
  const seen: SeenCollection[] = []
  const split = createLineSplitter(line => {
    const collection = parseCollection(line)
    if (collection !== undefined) seen.push({ ...collection, arrivedMs: performance.now() })
  })
  const port = await findFreePort()
  const args = ['-oL', process.execPath, '--trace-gc', ...oursArguments(repository, port)]
  const child = await startTracker({ command: 'stdbuf', args }, port, options.trackerCore, split)
  const load = loads[0]!
  report(`warm-up, ${options.warmUpSeconds} s\n`)
  await runLoad(yardstick, load, port, options.warmUpSeconds, options.loadCore)
  report(`steady, ${options.seconds} s\n`)
  const fromMs = performance.now()
  const result = await runLoad(yardstick, load, port, options.seconds, options.loadCore)
  const threads = countPerThread(seen, fromMs, performance.now())
  if (child.hasExited()) throw new Error(`the tracker ${await child.exited}: ${child.stderr().trim()}`)
  await child.stop()
  return { threads, load: result }
}

function render(options: LoadOptions, { threads, load }: SteadyResult): string {
  const rows = threads.map(({ thread, warmUp, steady, steadyKinds }) => [
    thread,
    String(warmUp),
    String(steady),
    steadyKinds.join(', '),
  ])
  return [
    '# Garbage collections of the UDP tracker under steady load',
    '',
    'Written by `benchmarks/udp/steady.ts`; do not edit. Threads are in the order of their creation.',
    '',
    renderTable(
      ['thread', `start and warm-up (${options.warmUpSeconds} s)`, `steady ${options.seconds} s`, 'kinds'],
      rows,
    ),
    '',
    `Meanwhile: ${load.responses} responses, ${load.responsesPerSecond.toFixed(0)}/s, ` +
      `${load.errors} errors, ${load.lost} lost. A worker that is not listed collected nothing at all. ` +
      'Target: no collection of a worker in the steady time.',
    '',
    `* ours: commit ${describeCommit(repository)}`,
    ...describeEnvironment(options.trackerCore).map(([label, value]) => `* ${label}: ${value}`),
    '',
  ].join('\n')
}

async function main(): Promise<number> {
  const options = parseLoadOptions(process.argv.slice(2), { seconds: 60, warmUpSeconds: 15 })
  const result = await observe(options)
  const page = render(options, result)
  process.stdout.write(page)
  if (options.out !== undefined) writeFileSync(options.out, page)
  // Without a single line the trace did not work, and "no collection" would be an empty promise.
  if (result.threads.length === 0 || result.load.responses === 0) return ExitCode.invalid
  const workers = result.threads.filter(({ thread }) => thread !== 'main')
  return workers.some(({ steady }) => steady > 0) ? ExitCode.targetMissed : ExitCode.ok
}

await runProgram(main)

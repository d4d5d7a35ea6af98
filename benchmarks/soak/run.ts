// A soak run: all trackers in one process under load for minutes or hours, and whether they are as good at its end as
// at its beginning.
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCommand } from '../../src/bench/report/command-text.js'
import { makeScratchDirectory } from '../support/children.js'
import { findOurs } from '../support/contenders.js'
import { describeEnvironment } from '../support/environment.js'
import { ExitCode, report, runProgram, UsageError } from '../support/program.js'
import { beginJournal, type Journal, readJournal } from './journal.js'
import { startLives } from './lives-process.js'
import { planSoak, readSoakOptions, type SoakOptions, type SoakPlan, soakFlags, soakUsage } from './plan.js'
import type { Ending, Sample, SoakFacts, SoakRecord } from './record.js'
import { formatDuration, renderReport } from './report.js'
import { runStream } from './streams.js'
import { type SoakTracker, startSoakTracker } from './tracker.js'
import { complaintsOf, judge, overall, type State } from './verdict.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
/** Between the start of the tracker and the look at it before the load. */
const idleSeconds = 2
/** Beyond age and cleaning interval, until the last peers have to be gone. */
const emptyingSlackSeconds = 5

const exitCodes: Readonly<Record<State, number>> = {
  holds: ExitCode.ok,
  broken: ExitCode.failure,
  undecided: ExitCode.invalid,
}

function parseCommandLine(args: string[]): SoakOptions {
  const options = Object.fromEntries(
    Object.entries(soakFlags).map(([flag, entry]) => [flag, { ...entry, default: entry.default ?? '' }]),
  )
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args, options, strict: true, allowPositionals: true })
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}\nOptions:\n${soakUsage}`, { cause })
  }
  const given = Object.entries(parsed.values).filter(([, value]) => value !== '') as [string, string][]
  return readSoakOptions(Object.fromEntries(given), parsed.positionals)
}

function describeSample({ plan }: SoakFacts, sample: Sample): string {
  const { second, privateKib, descriptors, peers, torrents } = sample
  const left = Math.max(0, plan.durationSeconds - second)
  return (
    `${formatDuration(second)}, ${formatDuration(left)} left: memory ${(privateKib / 1024).toFixed(1)} MiB, ` +
    `${peers} peers in ${torrents} torrents, ${descriptors} descriptors`
  )
}

/** One line that is written over where stderr is a terminal. */
function showProgress(line: string): void {
  report(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
}

/** Samples until the signal comes; rejects when the tracker cannot be read. */
async function sampleUntil(
  signal: AbortSignal,
  intervalSeconds: number,
  take: () => Promise<void>,
): Promise<void> {
  for (let due = performance.now(); !signal.aborted; due += intervalSeconds * 1000) {
    await take()
    const waitMs = Math.max(0, due + intervalSeconds * 1000 - performance.now())
    await pause(waitMs, undefined, { signal }).catch((error: Error) => {
      if (!signal.aborted) throw error
    })
  }
}

/** Loads the tracker for the planned time; resolves with why it ended early, or null, and what the lives did. */
async function load(
  facts: SoakFacts,
  tracker: SoakTracker,
  journal: Journal,
  take: (second: number) => Promise<void>,
): Promise<Pick<Ending, 'broken' | 'failedSlices' | 'lives'>> {
  const { plan } = facts
  const beganMs = performance.now()
  const clock = (): number => (performance.now() - beganMs) / 1000
  const failedSlices: string[] = []
  const onFailure = (sentence: string): void => void failedSlices.push(sentence)
  const run = { repository, plan, ports: tracker.ports, clock, onSlice: journal.slice, onFailure }
  const lives = startLives(tracker.ports, plan)
  const ended = new AbortController()
  const sampling = sampleUntil(ended.signal, plan.sampleSeconds, () => take(clock()))
  const streams = Promise.all(plan.streams.map((stream, index) => runStream(run, stream, index)))
  const died = Promise.race([
    tracker.child.exited.then(end => `the tracker ${end}`),
    lives.exited.then(end => `the short-lived clients ${end}`),
  ])
  const broken = await Promise.race([streams.then(() => null), died, sampling.then(() => null)]).catch(
    (error: Error) => error.message,
  )
  ended.abort()
  await sampling.catch((error: Error) => error)
  if (broken !== null) return { broken, failedSlices, lives: null }
  try {
    return { broken, failedSlices, lives: await lives.stop() }
  } catch (error) {
    return { broken: (error as Error).message, failedSlices, lives: null }
  }
}

/** Looks until nothing is left, at most as long as it may take; the last look counts. */
async function waitUntilEmpty(plan: SoakPlan, look: () => Promise<Sample>): Promise<Sample> {
  const mostSeconds = plan.peerAgeSeconds + 2 * plan.cleaningSeconds + emptyingSlackSeconds
  const untilMs = performance.now() + mostSeconds * 1000
  for (;;) {
    await pause(1000)
    const sample = await look()
    const isEmpty = sample.peers + sample.torrents + sample.connections === 0
    if (isEmpty || performance.now() > untilMs) return sample
  }
}

async function soak(options: SoakOptions): Promise<SoakRecord> {
  const plan = planSoak(options.durationSeconds, options.seed)
  const ours = findOurs(repository, 'udp')
  if ('reason' in ours) throw new Error(ours.reason)
  const command = `npm run soak -- ${describeCommand(process.argv.slice(2))}`.trim()
  const facts: SoakFacts = {
    command,
    version: ours.version,
    environment: describeEnvironment(0),
    processors: availableParallelism(),
    plan,
  }
  const journal = beginJournal(options.directory, facts)
  const emptying = plan.peerAgeSeconds + plan.cleaningSeconds
  report(
    `${formatDuration(plan.durationSeconds)} of load, then about ${formatDuration(emptying)} until the swarm is ` +
      `empty; samples in ${journal.directory}\n`,
  )
  const tracker = await startSoakTracker(repository, plan, makeScratchDirectory())
  const look = (second: number, phase: Sample['phase']): Promise<Sample> =>
    tracker.sample(second, phase, loadavg()[0]!)
  await pause(idleSeconds * 1000)
  journal.sample(await look(-1, 'idle'))
  const loaded = await load(facts, tracker, journal, async second => {
    const sample = await look(second, 'load')
    journal.sample(sample)
    showProgress(describeSample(facts, sample))
  })
  if (loaded.broken === null) {
    showProgress('the load is over; waiting until the swarm is empty')
    journal.sample(await waitUntilEmpty(plan, () => look(plan.durationSeconds, 'after')))
  }
  journal.end({ ...loaded, ...(await tracker.stop()) })
  report('\n')
  return readJournal(journal.directory)
}

async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2))
  const record = options.from === undefined ? await soak(options) : readJournal(options.from)
  const page = renderReport(record)
  if (options.out === undefined) process.stdout.write(page)
  else writeFileSync(options.out, page)
  const criteria = judge(record)
  const state = overall(criteria)
  for (const complaint of complaintsOf(criteria)) report(`${complaint}\n`)
  report(state === 'holds' ? 'holds\n' : `${state}\n`)
  return exitCodes[state]
}

await runProgram(main)

// What all load tests do: configuration, target, plan, run, report. Progress goes to stderr, the result to stdout.

import * as Args from '@oclif/core/args'
import { type ConfigSources, loadConfig } from '../config/load.js'
import type { ConfigOf, Table } from '../config/schema.js'
import { AquaticError, ExitCode } from '../errors.js'
import type { LoadPlan } from '../loadtest/plan.js'
import type { LoadTestConfig } from '../loadtest/plan-of-config.js'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import type { LoadTestResult } from '../loadtest/result.js'
import type { SearchOptions } from '../loadtest/search.js'
import { chooseReporter, openReporter, type Reporter } from '../tui/reporter.js'
import { AquaticCommand, type ConfigFlagValues, configSources, errorText, writeRemark } from './base.js'
import { type FlagValues, flagSettings } from './loadtest-flags.js'
import { type StopRequest, untilSignal } from './serving.js'

export interface LoadTestInput {
  readonly flags: FlagValues & ConfigFlagValues & { readonly quiet: boolean }
  readonly url: string | undefined
}

/** A test that is about to run. */
interface Prepared {
  readonly test: LoadTestConfig
  readonly plan: LoadPlan
  readonly reporter: Reporter
  readonly stop: StopRequest
}

/** What came of it. */
interface Finished {
  readonly result: LoadTestResult
  readonly exitCode: number
  /** What ended a search early. */
  readonly error?: unknown
}

/** Each command has to have them by itself: oclif does not look for arguments in what a command extends. */
export const loadTestArgs = {
  url: Args.string({ description: 'The tracker: a URL, or an address with a port.' }),
}

export abstract class LoadTestCommand extends AquaticCommand {
  /** @param test names the protocol of the configuration */
  protected async loadTest<T extends Table>(
    table: T,
    inputOf: () => Promise<LoadTestInput>,
    test: (config: ConfigOf<T>) => LoadTestConfig,
  ): Promise<LoadTestDocument | undefined> {
    // First of all: a signal that comes while modules are loaded must not be lost.
    const stop = untilSignal(ExitCode.terminated)
    const { flags, url } = await inputOf()
    const sources: ConfigSources = { ...configSources(flags), flags: flagSettings(table, flags, url) }
    const { config, notices } = await loadConfig(table, sources)
    return this.#run(test(config), notices, flags.quiet, stop)
  }

  async #run(
    test: LoadTestConfig,
    notices: readonly string[],
    isQuiet: boolean,
    stop: StopRequest,
  ): Promise<LoadTestDocument | undefined> {
    const { output, logLevel } = test.config
    const quiet = isQuiet || output.quiet
    const json = this.jsonEnabled() || output.json
    const isMuted = json || quiet
    const tellsNotices = logLevel !== 'off' && logLevel !== 'error'
    if (tellsNotices) this.notice(notices, isMuted)
    const [{ checkOuts }, { readEnvironment }] = await Promise.all([
      import('../loadtest/report/out-target.js'),
      import('../loadtest/report/environment.js'),
    ])
    const outs = await checkOuts(output.files)
    const environment = await readEnvironment(this.config.version)
    const [{ prepareTest }, { workerCount }] = await Promise.all([
      import('../loadtest/prepare.js'),
      import('../trackers/processors.js'),
    ])
    const prepared = await prepareTest(test, { processors: workerCount(0), signal: stop.signal })
    if (prepared === null) return this.#endBefore(stop, isMuted)
    const { plan, remark } = prepared
    if (remark !== null) this.notice([remark], isMuted)
    const kind = chooseReporter({ json, quiet, noTui: !output.tui, stderr: process.stderr, env: process.env })
    const reporter = await openReporter(kind, { write: writeRemark })
    const finished = await runPrepared({ test, plan, reporter, stop }).finally(() => reporter.close())
    process.exitCode = finished.exitCode
    const { buildDocument } = await import('../loadtest/report/document.js')
    const document = await buildDocument(finished.result, environment, this.#commandLine())
    if (!json) await this.#printTable(finished.result)
    else if (!this.jsonEnabled()) this.logJson(document)
    await this.#write(outs, document, isMuted)
    if (finished.error !== undefined) throw finished.error
    return this.jsonEnabled() ? document : undefined
  }

  #endBefore(stop: StopRequest, quiet: boolean): undefined {
    this.notice(['interrupted before anything was measured.'], quiet)
    process.exitCode = stop.exitCode()
  }

  async #printTable(result: LoadTestResult): Promise<void> {
    const [{ summaryText }, { wantsColour }] = await Promise.all([
      import('../loadtest/report/table.js'),
      import('../tui/line.js'),
    ])
    const color = process.stdout.isTTY === true && wantsColour(process.env)
    this.writeAnswer(await summaryText(result, { columns: process.stdout.columns ?? 100, color }))
  }

  /** The result is printed by now, so what can't be written is said and no more. */
  async #write(
    outs: Parameters<typeof import('../loadtest/report/write.js').writeOuts>[0],
    document: LoadTestDocument,
    quiet: boolean,
  ): Promise<void> {
    if (outs.length === 0) return
    const { writeOuts } = await import('../loadtest/report/write.js')
    try {
      const written = await writeOuts(outs, document)
      this.notice([`wrote ${written.join(', ')}`], quiet)
    } catch (error) {
      if (!(error instanceof AquaticError)) throw error
      writeRemark(errorText(error))
      process.exitCode = error.exitCode
    }
  }

  /** As the user would repeat it. */
  #commandLine(): string[] {
    return [this.config.bin, ...(this.id ?? '').split(':'), ...this.argv]
  }
}

async function runPrepared(prepared: Prepared): Promise<Finished> {
  const { test, plan, reporter, stop } = prepared
  const [{ runLoadTest }, { LoadScreen }, objectives] = await Promise.all([
    import('../loadtest/run.js'),
    import('./screens/load-screen.js'),
    import('../loadtest/objectives.js'),
  ])
  const { load } = test.config
  const demanded = objectives.objectivesOf(load.objectives, test.protocol)
  const screen = new LoadScreen()
  const run = (trial: LoadPlan, note?: string): Promise<LoadTestResult> =>
    runLoadTest(trial, {
      signal: stop.signal,
      onLive: live => reporter.show(screen.of(live)),
      judge: result => objectives.judgeObjectives(demanded, result),
      judgeLive: live => objectives.judgeLiveObjectives(demanded, live),
      ...(note === undefined ? {} : { note }),
    })
  if (load.search) return searchFor(prepared, run, demanded.length > 0)
  const result = await run(plan)
  return { result, exitCode: exitCodeOf(result, stop) }
}

function exitCodeOf(result: LoadTestResult, stop: StopRequest): number {
  if (result.isInterrupted) return stop.exitCode()
  if (result.verdict === 'generator-bound') return ExitCode.invalid
  if (result.verdict === 'no-answers') return ExitCode.failure
  return result.objectives.every(({ isMet }) => isMet) ? ExitCode.ok : ExitCode.objectiveMissed
}

async function searchFor(
  { test, plan, reporter, stop }: Prepared,
  run: (trial: LoadPlan, note: string) => Promise<LoadTestResult>,
  hasObjectives: boolean,
): Promise<Finished> {
  const [{ searchRate, estimateSeconds }, { trialPlan }, { searchTrialLine }] = await Promise.all([
    import('../loadtest/search.js'),
    import('../loadtest/plan-of-config.js'),
    import('./screens/search-line.js'),
  ])
  const { search } = test.config
  let isFilled = false
  const { warmUpSeconds, measureSeconds } = plan.phases
  const say = (line: string): void => {
    if (reporter.kind !== 'silent') reporter.print(`${line}\n`)
  }
  const options: SearchOptions = {
    trialSeconds: measureSeconds,
    shortTrialSeconds: search.shortTrial,
    width: search.width,
    trialsMax: search.maxTrials,
    mostRate: search.maxRate,
    overheadSeconds: warmUpSeconds + 1,
    signal: stop.signal,
    ...(hasObjectives ? { judge: ({ objectives }) => objectives } : {}),
    onTrial: progress => say(searchTrialLine(progress)),
  }
  const minutes = Math.ceil(estimateSeconds(options) / 60)
  say(`searching for the highest rate; this takes about ${minutes} min`)
  const outcome = await searchRate(options, async (rate, seconds, note) => {
    const trial = trialPlan(plan, rate, seconds)
    // What the first trial has filled stays filled.
    const phases = isFilled ? { ...trial.phases, fillSeconds: 0 } : trial.phases
    isFilled = true
    return run({ ...trial, phases }, note)
  })
  if (outcome.result === null) throw outcome.error ?? new Error(outcome.sentence)
  const { result } = outcome
  const isFailed = outcome.end === 'failed' || outcome.end === 'trials'
  const exitCode = isFailed ? ExitCode.failure : exitCodeOf(result, stop)
  return { result, exitCode, ...(outcome.end === 'failed' ? { error: outcome.error } : {}) }
}

// What all load tests do: configuration, target, plan, run, report. Progress goes to stderr, the result to stdout.

import * as Args from '@oclif/core/args'
import { type ConfigSources, loadConfig } from '../config/load.js'
import type { ConfigOf, Table } from '../config/schema.js'
import { AquaticError, ExitCode } from '../errors.js'
import type { LoadTestConfig } from '../loadtest/plan-of-config.js'
import type { LoadTestDocument } from '../loadtest/report/document.js'
import type { LoadTestResult } from '../loadtest/result.js'
import { chooseReporter, openReporter } from '../tui/reporter.js'
import { AquaticCommand, type ConfigFlagValues, configSources, errorText, writeRemark } from './base.js'
import { type FlagValues, flagSettings } from './loadtest-flags.js'
import { runPrepared } from './loadtest-session.js'
import { type StopRequest, untilSignal } from './serving.js'

export interface LoadTestInput {
  readonly flags: FlagValues & ConfigFlagValues & { readonly quiet: boolean }
  readonly url: string | undefined
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
    const common = configSources(flags)
    const named = [...(common.flags ?? []), ...flagSettings(table, flags, url)]
    const sources: ConfigSources = { ...common, flags: named, signal: stop.signal }
    const loaded = await loadConfig(table, sources).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    if (loaded === undefined) return this.#endBefore(stop, true)
    const { config, notices } = loaded
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

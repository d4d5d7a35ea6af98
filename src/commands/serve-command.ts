// What all `serve` commands do: load a configuration, run its trackers until a signal, say how they ended.

import type { ConfigOf, Table } from '../config/schema.js'
import type { LogLevel } from '../log.js'
import type { HostConfig } from '../trackers/host.js'
import type { TrackerSetup } from '../trackers/tracker.js'
import { AquaticCommand, type ConfigFlagValues, configFlags, writeRemark } from './base.js'
import { printEvents, reloadRequests, untilSignal } from './serving.js'

export abstract class ServeCommand extends AquaticCommand {
  static override flags = { ...configFlags }

  /** A tracker serves on without a reader of its events. */
  protected override stdoutFailed(error: NodeJS.ErrnoException): void {
    if (this.#isMute) return
    this.#isMute = true
    writeRemark(`error: Events can't be written to stdout any more: ${error.message}.\n`)
  }

  #isMute = false

  /** @param setupsOf imports the trackers only when the configuration is known to be right */
  protected async serve<T extends Table>(
    table: T,
    flagsOf: () => Promise<ConfigFlagValues & { readonly quiet: boolean }>,
    setupsOf: (config: ConfigOf<T>) => Promise<readonly TrackerSetup[]>,
  ): Promise<void> {
    // First of all: a signal that comes while modules are loaded must not be lost.
    const stop = untilSignal()
    const onReloadable = reloadRequests()
    const flags = await flagsOf()
    const { config, notices } = await this.loadConfig(table, flags)
    const settings = config as unknown as HostConfig & { readonly logLevel: LogLevel }
    const onEvent = printEvents({
      json: this.jsonEnabled(),
      quiet: flags.quiet,
      logLevel: settings.logLevel,
      write: text => this.writeAnswer(text),
    })
    for (const text of notices) onEvent({ event: 'notice', text })
    const [{ runTrackers }, setups] = await Promise.all([import('../trackers/host.js'), setupsOf(config)])
    const summary = await runTrackers(settings, setups, { signal: stop.signal, onEvent, onReloadable })
    onEvent({ event: 'stopped', ...summary })
    process.exitCode = stop.exitCode()
  }
}

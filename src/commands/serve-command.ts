// What all `serve` commands do: load a configuration, run its trackers until a signal, say how they ended.

import { FileChange } from '../config/file-change.js'
import type { ConfigOf, Table } from '../config/schema.js'
import { inOneLine } from '../errors.js'
import type { LogLevel } from '../log.js'
import type { TrackerEventSink } from '../trackers/events.js'
import type { HostConfig } from '../trackers/host.js'
import type { TrackerSetup } from '../trackers/tracker.js'
import { chooseReporter } from '../tui/reporter.js'
import { AquaticCommand, type ConfigFlagValues, configFlags, writeRemark } from './base.js'
import type { TrackerScreen } from './screens/tracker-screen.js'
import { printEvents, reloadRequests, untilSignal } from './serving.js'
import { tuiFlags } from './tui-flags.js'

interface ServeFlagValues extends ConfigFlagValues {
  readonly quiet: boolean
  readonly 'no-tui': boolean
}

export abstract class ServeCommand extends AquaticCommand {
  static override flags = { ...configFlags, ...tuiFlags }

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
    flagsOf: () => Promise<ServeFlagValues>,
    setupsOf: (config: ConfigOf<T>) => Promise<readonly TrackerSetup[]>,
  ): Promise<void> {
    // First of all: a signal that comes while modules are loaded must not be lost.
    const stop = untilSignal()
    const onReloadable = reloadRequests()
    const flags = await flagsOf()
    const fileChange = flags.config === undefined ? undefined : await FileChange.since(flags.config)
    const loaded = await this.loadConfig(table, flags, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    if (loaded === undefined) {
      process.exitCode = stop.exitCode()
      return
    }
    const { config, notices, doubts } = loaded
    const settings = config as unknown as HostConfig & { readonly logLevel: LogLevel }
    const output = { json: this.jsonEnabled(), quiet: flags.quiet }
    const kind = chooseReporter({
      ...output,
      noTui: flags['no-tui'],
      stderr: process.stderr,
      env: process.env,
    })
    const screen = kind === 'screen' ? await this.#screen() : null
    const print = printEvents({
      ...output,
      logLevel: settings.logLevel,
      write: text => this.writeAnswer(text),
      remark: text => (screen === null ? writeRemark(text) : screen.print(text)),
    })
    const onEvent: TrackerEventSink = event => {
      screen?.learn(event)
      print(event)
    }
    for (const text of notices) onEvent({ event: 'notice', text })
    for (const { text, remedy } of doubts) onEvent({ event: 'warning', text: inOneLine(text, remedy) })
    const [{ runTrackers }, setups] = await Promise.all([import('../trackers/host.js'), setupsOf(config)])
    const onRequest = async (): Promise<void> => {
      const isNew = await fileChange?.isNew()
      const text = `${flags.config} has changed since start: restart to use it`
      if (isNew && !stop.signal.aborted) onEvent({ event: 'notice', text })
    }
    const options = {
      signal: stop.signal,
      onEvent,
      onReloadable: (reload: () => void) =>
        onReloadable(() => {
          void onRequest()
          reload()
        }),
      ...(screen && { watcher: screen }),
    }
    const summary = await runTrackers(settings, setups, options).finally(() => screen?.close())
    onEvent({ event: 'stopped', ...summary })
    process.exitCode = stop.exitCode()
  }

  async #screen(): Promise<TrackerScreen> {
    const { TrackerScreen } = await import('./screens/tracker-screen.js')
    return new TrackerScreen({
      command: `aquatic ${this.id?.replaceAll(':', ' ') ?? 'serve'}`,
      write: writeRemark,
    })
  }
}

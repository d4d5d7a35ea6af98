// What all commands share: flags that mean the same everywhere, where output goes, and how errors end.
// stdout is the answer, stderr is everything else.

import { Command } from '@oclif/core/command'
import * as Errors from '@oclif/core/errors'
import * as Flags from '@oclif/core/flags'
import type { ConfigSources, LoadedConfig } from '../config/load.js'
import type { ConfigOf, Table } from '../config/schema.js'
import { AquaticError, ExitCode } from '../errors.js'

/** Flags of commands that load a configuration. */
export const configFlags = {
  config: Flags.string({ char: 'c', helpValue: 'FILE', description: 'Configuration file (TOML).' }),
  set: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'KEY=VALUE',
    description: 'Set one key, such as network.engine=node; may be repeated. Overrides file and environment.',
  }),
} as const

/** What `configFlags` and the shared flags parse to. */
export interface ConfigFlagValues {
  readonly config?: string | undefined
  readonly set?: readonly string[] | undefined
  readonly 'log-level'?: string | undefined
}

/** The shape of an error under `--json`. */
interface ErrorReport {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly problems?: readonly string[]
    readonly remedy?: string
  }
}

export abstract class AquaticCommand extends Command {
  static override enableJsonFlag = true

  static override baseFlags = {
    quiet: Flags.boolean({
      char: 'q',
      description: 'Write nothing but errors to stderr.',
      helpGroup: 'GLOBAL',
    }),
    'log-level': Flags.option({
      options: ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const,
      description: 'How much to log to stderr. Overrides log_level of the configuration.',
      helpGroup: 'GLOBAL',
    })(),
  }

  protected override async init(): Promise<void> {
    await super.init()
    // oclif's own listener throws at anything but a broken pipe.
    process.stdout.removeAllListeners('error')
    process.stdout.on('error', error => this.stdoutFailed(error))
    process.stderr.on('error', () => undefined)
  }

  /** Writes to stdout. A file or device that takes no more fails at once, a pipe by an event: both end here. */
  protected writeAnswer(text: string): void {
    try {
      process.stdout.write(text)
    } catch (error) {
      this.stdoutFailed(error as NodeJS.ErrnoException)
    }
  }

  /** Nobody reads the answer any more (`| head -1`): done. Any other trouble with it is the end, and said. */
  protected stdoutFailed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') process.exit()
    writeRemark(`error: The answer can't be written: ${error.message}.\n`)
    process.exit(ExitCode.failure)
  }

  /** Loads a configuration from the flags and the environment. @param signal gives up the wait for a pipe */
  protected async loadConfig<T extends Table>(
    table: T,
    flags: ConfigFlagValues,
    signal?: AbortSignal,
  ): Promise<LoadedConfig<ConfigOf<T>>> {
    const { loadConfig } = await import('../config/load.js')
    return loadConfig(table, { ...configSources(flags), signal })
  }

  /** Lines for stderr, `note: …`, unless the user wants quiet. */
  protected notice(lines: readonly string[], quiet: boolean): void {
    if (!quiet) writeRemark(lines.map(line => `note: ${line}\n`).join(''))
  }

  /** One JSON object in one line. */
  override logJson(json: unknown): void {
    this.writeAnswer(`${JSON.stringify(json)}\n`)
  }

  protected override toErrorJson(error: unknown): ErrorReport {
    if (!(error instanceof AquaticError)) {
      const message = sentencesOf(error instanceof Error ? error.message : String(error)).join('; ')
      return { error: { code: exitCodeOf(error) === ExitCode.usage ? 'AQ_USAGE' : 'AQ_UNEXPECTED', message } }
    }
    const { code, message, lines, remedy } = error
    const problems = lines.length === 1 && lines[0] === message ? {} : { problems: lines }
    return { error: { code, message, ...problems, ...(remedy === undefined ? {} : { remedy }) } }
  }

  protected override async catch(error: Error): Promise<void> {
    if (error instanceof Errors.ExitError) throw error
    if ((error as NodeJS.ErrnoException).syscall === 'write') return this.stdoutFailed(error)
    if (this.jsonEnabled()) {
      this.logJson(this.toErrorJson(error))
    } else if (error instanceof AquaticError) {
      writeRemark(errorText(error))
    } else if (error instanceof Errors.CLIError && exitCodeOf(error) === ExitCode.usage) {
      writeRemark(usageErrorText(error.message, this.id))
    } else {
      throw error
    }
    process.exitCode = exitCodeOf(error)
  }
}

/** `--log-level` is the last word about `log_level`, whatever `--set` says. */
export function configSources(flags: ConfigFlagValues): ConfigSources {
  const logLevel = flags['log-level']
  const named = logLevel === undefined ? [] : [{ flag: '--log-level', dotted: 'log_level', value: logLevel }]
  return { file: flags.config, set: flags.set, flags: named, env: process.env }
}

/** `error: …` for each problem, then what to do; the stack only for those who ask for it. */
export function errorText(error: AquaticError): string {
  const lines = error.lines.map(line => `error: ${line}`)
  if (error.remedy !== undefined) lines.push(`  try: ${error.remedy}`)
  if (process.env['DEBUG'] !== undefined && error.stack !== undefined) lines.push(error.stack)
  return `${lines.join('\n')}\n`
}

/** As `errorText`, for a mistake in arguments or flags; `id` is the command's, `serve:udp`. */
export function usageErrorText(message: string, id = ''): string {
  const lines = sentencesOf(message).map(problem => `error: ${problem}\n`)
  return `${lines.join('')}  try: aquatic ${id.replaceAll(':', ' ')}${id === '' ? '' : ' '}--help\n`
}

/** What oclif says on several lines, as a sentence for each problem: `--blocks: Expected an integer …`. */
function sentencesOf(message: string): readonly string[] {
  const text = message.replace('\nSee more help with --help', '')
  const several = /^The following errors? occurred:\n(.*)$/s.exec(text)?.[1]
  const folded = (several === undefined ? [text] : several.split('\n')).map(part =>
    part.replace(/\s+/g, ' ').trim(),
  )
  return folded.map(sentence => sentence.replace(/^Parsing (--\S+) /, '$1: '))
}

function exitCodeOf(error: unknown): number {
  if (error instanceof AquaticError) return error.exitCode
  if (error instanceof Errors.CLIError) return error.oclif.exit ?? ExitCode.usage
  return ExitCode.failure
}

/** Writes to stderr. What can't be written there is lost, which is no reason to stop: there is nowhere to say so. */
export function writeRemark(text: string): void {
  try {
    process.stderr.write(text)
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}

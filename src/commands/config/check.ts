// `aquatic config check udp -c FILE`: reads a configuration the way `serve` does, asks this machine whether it can
// give what is needed, and starts nothing.

import * as Flags from '@oclif/core/flags'
import { type ApplicationName, isLoadTest, tableOf } from '../../config/applications.js'
import { type ConfigSources, loadConfig } from '../../config/load.js'
import type { MachineFinding, MachineNeeds } from '../../config/machine/needs.js'
import { formatOrigin, type Origin, type Table } from '../../config/schema.js'
import { ExitCode } from '../../errors.js'
import { applicationArgs } from '../application.js'
import { AquaticCommand, configFlags, configSources } from '../base.js'

interface PlacedFinding extends MachineFinding {
  /** Who set the key. */
  readonly origin?: Origin
}

interface CheckResult {
  readonly application: ApplicationName
  /** False if a finding is an error. */
  readonly ok: boolean
  readonly file?: string
  /** What loads but deserves a word. */
  readonly notices: readonly string[]
  /** What this machine says about it; errors first. */
  readonly findings: readonly PlacedFinding[]
}

export default class ConfigCheck extends AquaticCommand {
  static override summary =
    'Check a configuration: file, environment and --set together, and on this machine.'

  static override description =
    'Nothing is started. Problems of the configuration are listed all at once, each with its place and ' +
    'a suggestion. If there are none, this machine is asked: ports free or taken and by whom, ' +
    'addresses, socket buffers, processors, open files, memory, files to read and to write, user and ' +
    'group. The exit code is 2 with an error, 0 with warnings only.'

  static override examples = [
    {
      description: 'Check a file before the tracker is restarted with it:',
      command: '<%= config.bin %> config check udp -c tracker.toml',
    },
    {
      description: 'Check a file that is meant for another machine:',
      command: '<%= config.bin %> config check udp -c tracker.toml --no-machine',
    },
    {
      description: 'See whether one changed key fits:',
      command: '<%= config.bin %> config check udp -c tracker.toml --set network.batch_size=256',
    },
    {
      description: 'Only the errors, in a script:',
      command: `<%= config.bin %> config check udp --json | jq '.findings[] | select(.severity == "error")'`,
    },
  ]

  static override args = applicationArgs

  static override flags = {
    ...configFlags,
    machine: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'Ask this machine too. With --no-machine, only the configuration itself is checked.',
    }),
  }

  async run(): Promise<CheckResult> {
    const { args, flags } = await this.parse(ConfigCheck)
    const table = await tableOf(args.application)
    const sources = await readOnce(configSources(flags), table)
    const { notices, doubts, origins } = await loadConfig(table, sources)
    const found = flags.machine ? await askMachine(args.application, table, sources) : []
    const unread = doubts.map(({ text, remedy }) => ({
      severity: 'warning' as const,
      check: 'environment',
      text: `${text}.`,
      remedy,
    }))
    const isError = ({ severity }: MachineFinding): boolean => severity === 'error'
    const ordered = [...found.filter(isError), ...unread, ...found.filter(finding => !isError(finding))]
    const findings = ordered.map(finding => placed(finding, origins))
    const ok = !findings.some(isError)
    if (!this.jsonEnabled()) {
      process.stderr.write(linesOf(findings, flags.quiet))
      this.notice(notices, flags.quiet)
    }
    this.log('%s: %s', flags.config ?? 'environment and flags', verdict(findings))
    if (!ok) process.exitCode = ExitCode.usage
    const file = flags.config === undefined ? {} : { file: flags.config }
    return { application: args.application, ok, ...file, notices, findings }
  }
}

/** The configuration is loaded for the check and for the machine's needs, and its file may be a pipe. */
async function readOnce(sources: ConfigSources, table: Table): Promise<ConfigSources> {
  if (sources.file === undefined) return sources
  const { readConfigText } = await import('../../config/file-text.js')
  return { ...sources, text: await readConfigText(sources.file, table.application) }
}

async function askMachine(
  application: ApplicationName,
  table: Table,
  sources: ConfigSources,
): Promise<readonly MachineFinding[]> {
  const [needs, { checkMachine, effectiveNeeds }, { thisMachine }] = await Promise.all([
    needsOf(application, sources),
    import('../../config/machine/check-machine.js'),
    import('../../config/machine/this-machine.js'),
  ])
  return checkMachine(effectiveNeeds(needs, table), thisMachine())
}

async function needsOf(application: ApplicationName, sources: ConfigSources): Promise<MachineNeeds> {
  if (isLoadTest(application)) return (await import('../../loadtest/needs.js')).needsOf(application, sources)
  return (await import('../../trackers/needs.js')).needsOf(application, sources)
}

function placed(finding: MachineFinding, origins: ReadonlyMap<string, Origin>): PlacedFinding {
  const origin = finding.key === undefined ? undefined : origins.get(finding.key)
  return origin === undefined ? finding : { ...finding, origin }
}

/** `error: tracker.toml:4:1: …` and below it `  try: …`; quiet leaves only errors. */
function linesOf(findings: readonly PlacedFinding[], quiet: boolean): string {
  return findings
    .filter(({ severity }) => severity === 'error' || !quiet)
    .map(({ severity, origin, text, remedy }) => {
      const place = origin === undefined || origin.kind === 'default' ? '' : `${formatOrigin(origin)}: `
      const name = severity === 'info' ? 'note' : severity
      return `${name}: ${place}${text}\n${remedy === undefined ? '' : `  try: ${remedy}\n`}`
    })
    .join('')
}

function verdict(findings: readonly PlacedFinding[]): string {
  const count = (severity: string, name: string): string[] => {
    const number = findings.filter(finding => finding.severity === severity).length
    return number === 0 ? [] : [`${number} ${name}${number === 1 ? '' : 's'}`]
  }
  const errors = count('error', 'error')
  const warnings = count('warning', 'warning')
  if (errors.length > 0) return [...errors, ...warnings].join(', ')
  return warnings.length > 0 ? `ok, with ${warnings[0]}` : 'ok'
}

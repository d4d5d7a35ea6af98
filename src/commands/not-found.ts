// What oclif calls where there is no such command: `aquatic help serve` shows help, anything else is said as all
// commands say their errors.

import type { Hook } from '@oclif/core/hooks'
import { nearest } from '../config/suggest.js'
import { ExitCode } from '../errors.js'
import { usageErrorText } from './base.js'

type Config = Parameters<Hook<'command_not_found'>>[0]['config']

const onNotFound: Hook<'command_not_found'> = async ({ id, argv, config, context }) => {
  const [first, ...words] = id.split(':')
  const isHelp = first === 'help'
  if (isHelp && (await showHelp(config, words))) return
  const missing = isHelp ? words.join(':') : id
  const name = missing.replaceAll(':', ' ')
  const known = nearest(
    name,
    config.commandIDs.map(commandId => commandId.replaceAll(':', ' ')),
  )
  const message = `There is no command ${name}.${known === undefined ? '' : ` Did you mean ${known}?`}`
  if (argv?.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code: 'AQ_USAGE', message } })}\n`)
  } else {
    process.stderr.write(usageErrorText(message, parentOf(missing)))
  }
  context.exit(ExitCode.usage)
}

/** As `--help` behind the words does. @returns false where they are no command and no topic */
async function showHelp(config: Config, words: readonly string[]): Promise<boolean> {
  const id = words.join(':')
  const isKnown = config.findCommand(id) !== undefined || config.findTopic(id) !== undefined
  if (words.length > 0 && !isKnown) return false
  const { loadHelpClass } = await import('@oclif/core/help')
  const Help = await loadHelpClass(config)
  await new Help(config, config.pjson.oclif.helpOptions).showHelp([...words])
  return true
}

/** The topic whose help lists what could have been meant. */
function parentOf(id: string): string {
  const [topic = '', ...rest] = id.split(':')
  return rest.length > 0 && ['serve', 'loadtest', 'config'].includes(topic) ? topic : ''
}

export default onNotFound

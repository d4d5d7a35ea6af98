// What oclif calls where there is no such command: says so as all commands say their errors.

import type { Hook } from '@oclif/core/hooks'
import { nearest } from '../config/suggest.js'
import { ExitCode } from '../errors.js'
import { usageErrorText } from './base.js'

const sayNotFound: Hook<'command_not_found'> = async ({ id, argv, config, context }) => {
  const name = id.replaceAll(':', ' ')
  const known = nearest(
    name,
    config.commandIDs.map(commandId => commandId.replaceAll(':', ' ')),
  )
  const message = `There is no command ${name}.${known === undefined ? '' : ` Did you mean ${known}?`}`
  if (argv?.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code: 'AQ_USAGE', message } })}\n`)
  } else {
    process.stderr.write(usageErrorText(message, parentOf(id)))
  }
  context.exit(ExitCode.usage)
}

/** The topic whose help lists what could have been meant. */
function parentOf(id: string): string {
  const [topic = '', ...rest] = id.split(':')
  return rest.length > 0 && ['serve', 'loadtest', 'config'].includes(topic) ? topic : ''
}

export default sayNotFound

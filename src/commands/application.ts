// What the `config` commands share: whose configuration, and words for names that the user mistyped.

import * as Args from '@oclif/core/args'
import * as Errors from '@oclif/core/errors'
import { type ApplicationName, applicationNames } from '../config/applications.js'
import { ExitCode } from '../errors.js'

/** `udp` in `aquatic config print udp`. */
export const applicationArgs = {
  application: Args.custom<ApplicationName>({ options: [...applicationNames] })({
    default: 'serve',
    description: 'Whose configuration; that of all trackers in one process unless told.',
  }),
}

/** Ends the command as a usage error; `text` is one or two sentences. */
export function usageError(text: string): never {
  throw new Errors.CLIError(text, { exit: ExitCode.usage })
}

// The flag of all commands that show their progress on a live screen.

import * as Flags from '@oclif/core/flags'

export const tuiFlags = {
  'no-tui': Flags.boolean({
    description: 'Write lines to stderr instead of drawing a live screen on a terminal.',
  }),
} as const

// Where package.json and what is shipped beside it are.

import { fileURLToPath } from 'node:url'

/** Seen from dist/src/loadtest/report. */
export const packageRoot = fileURLToPath(new URL('../../../../', import.meta.url))

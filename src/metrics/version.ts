// Which release of aquatic this is, from its package.json: seen from dist/src/metrics.

import { readFileSync } from 'node:fs'

const manifest = new URL('../../../package.json', import.meta.url)

/** `0.1.0` */
export const aquaticVersion: string = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string })
  .version

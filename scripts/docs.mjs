// Writes the pages that are generated from the built source.
import { writeFileSync } from 'node:fs'
import { referencePage } from '../dist/src/config/reference.js'

writeFileSync(new URL('../docs/configuration.md', import.meta.url), await referencePage())

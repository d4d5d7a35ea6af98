// Writes the pages that are generated from the built source.
import { writeFileSync } from 'node:fs'
import { referencePages } from '../dist/src/config/reference.js'

for (const { file, text } of await referencePages()) {
  writeFileSync(new URL(`../docs/${file}`, import.meta.url), text)
}

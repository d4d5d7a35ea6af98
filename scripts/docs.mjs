// Writes the pages that are generated from the built source, and what the README shows of the benchmarks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { headlineOf, withHeadline } from '../dist/src/bench/report/headline.js'
import { referencePages } from '../dist/src/config/reference.js'

const place = path => new URL(`../${path}`, import.meta.url)

for (const { file, text } of await referencePages()) {
  writeFileSync(place(`docs/${file}`), text)
}

const report = place('docs/benchmarks/bench.md')
const headline = existsSync(report) ? headlineOf(readFileSync(report, 'utf8')) : undefined
if (headline !== undefined) {
  const readme = place('README.md')
  writeFileSync(readme, withHeadline(readFileSync(readme, 'utf8'), headline))
}

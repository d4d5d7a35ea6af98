// The directory of a soak run: everything is in it as soon as it is known, a line of JSON each, so that an interrupted
// run can be judged as far as it came.
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../support/program.js'
import type { Ending, Sample, Slice, SoakFacts, SoakRecord } from './record.js'

const files = {
  facts: 'run.json',
  samples: 'samples.jsonl',
  slices: 'slices.jsonl',
  ending: 'ending.json',
} as const

export interface Journal {
  readonly directory: string
  readonly sample: (sample: Sample) => void
  readonly slice: (slice: Slice) => void
  readonly end: (ending: Ending) => void
}

/** Begins a journal in a directory of its own, or in the one given; throws UsageError where a run lies there. */
export function beginJournal(given: string | undefined, facts: SoakFacts): Journal {
  const directory = given ?? mkdtempSync(join(tmpdir(), 'aquatic-soak-'))
  const path = (name: keyof typeof files): string => join(directory, files[name])
  if (existsSync(path('facts'))) throw new UsageError(`--directory ${directory}: there is a run already`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(path('facts'), `${JSON.stringify(facts, null, 2)}\n`)
  const append = (name: 'samples' | 'slices', value: unknown): void =>
    appendFileSync(path(name), `${JSON.stringify(value)}\n`)
  return {
    directory,
    sample: sample => append('samples', sample),
    slice: slice => append('slices', slice),
    end: ending => writeFileSync(path('ending'), `${JSON.stringify(ending, null, 2)}\n`),
  }
}

/** Whole lines of a file that may end in half of one, or not be there. */
function readLines<Line>(path: string): Line[] {
  if (!existsSync(path)) return []
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map(line => JSON.parse(line) as Line)
}

/** Reads a run, however far it came; throws UsageError where there is none. */
export function readJournal(directory: string): SoakRecord {
  const path = (name: keyof typeof files): string => join(directory, files[name])
  if (!existsSync(path('facts'))) throw new UsageError(`--from ${directory}: no ${files.facts} in it`)
  const facts = JSON.parse(readFileSync(path('facts'), 'utf8')) as SoakFacts
  const ending = existsSync(path('ending'))
    ? (JSON.parse(readFileSync(path('ending'), 'utf8')) as Ending)
    : undefined
  return { ...facts, samples: readLines(path('samples')), slices: readLines(path('slices')), ending }
}

// Code that stands in two places is mended in one of them: runs of identical lines fail, with both places named.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from './support/tracker-process.js'

/** Longer runs of identical lines are duplicates; blank lines, comments and imports are not counted. */
const linesMax = 11

/** What may stand twice, each with its reason: the two files, in the order of their names. */
const excused: ReadonlyMap<string, string> = new Map()

/** One line of code, without its indentation. */
interface Line {
  readonly path: string
  readonly number: number
  readonly text: string
}

/** The lines of a file that count. An import ends at the line that names its module. */
function codeOf(path: string, text: string): Line[] {
  let isImport = false
  let isComment = false
  const code: Line[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (/^(import|export (type )?\{.* from)\b/.test(line)) isImport = true
    if (line.startsWith('/*')) isComment = true
    if (!isImport && !isComment && line !== '' && !line.startsWith('//'))
      code.push({ path, number: index + 1, text: line })
    if (isComment && line.endsWith('*/')) isComment = false
    if (isImport && /'[^']+'$/.test(line)) isImport = false
  }
  return code
}

function readCode(directory: string): Line[][] {
  return readdirSync(join(packageRoot, directory), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
    .map(path => codeOf(relative(packageRoot, path), readFileSync(path, 'utf8')))
}

/** How many lines are alike from here on in both, not running into each other. */
function lengthAlike(one: Line[], oneAt: number, other: Line[], otherAt: number): number {
  const most = one === other ? otherAt - oneAt : other.length
  let length = 0
  while (length < most && one[oneAt + length]?.text === other[otherAt + length]?.text) {
    if (one[oneAt + length] === undefined) break
    length += 1
  }
  return length
}

/** Runs of more than `most` identical lines, as `path:first-last ~ path:first-last`. */
function findDuplicates(files: readonly Line[][], most: number): string[] {
  const found: string[] = []
  const seen = new Map<string, [file: Line[], at: number][]>()
  for (const file of files) {
    for (let at = 0; at + most < file.length; at += 1) {
      const key = file
        .slice(at, at + most + 1)
        .map(({ text }) => text)
        .join('\n')
      const earlier = seen.get(key) ?? []
      seen.set(key, [...earlier, [file, at]])
      for (const [other, otherAt] of earlier) {
        // The run that began a line earlier has said it already.
        const isInside = at > 0 && otherAt > 0 && file[at - 1]!.text === other[otherAt - 1]!.text
        const length = lengthAlike(other, otherAt, file, at)
        if (isInside || length <= most) continue
        const [first, second] = [other, file].map((lines, which) => {
          const start = which === 0 ? otherAt : at
          return `${lines[start]!.path}:${lines[start]!.number}-${lines[start + length - 1]!.number}`
        })
        if (!excused.has(`${other[0]!.path} ~ ${file[0]!.path}`)) found.push(`${first} ~ ${second}`)
      }
    }
  }
  return found
}

describe('duplicates', () => {
  const lines = (path: string, text: string): Line[] =>
    text.split('').map((letter, index) => ({ path, number: index + 1, text: letter }))

  it('finds runs in two files, and in one', () => {
    assert.deepEqual(findDuplicates([lines('one', 'abcdefg'), lines('two', 'xbcdey')], 3), [
      'one:2-5 ~ two:2-5',
    ])
    assert.deepEqual(findDuplicates([lines('one', 'abcdefg'), lines('two', 'xbcdy')], 3), [])
    assert.deepEqual(findDuplicates([lines('one', 'abcdabcd')], 3), ['one:1-4 ~ one:5-8'])
    assert.deepEqual(findDuplicates([lines('one', 'aaaa')], 3), [])
  })

  it('counts neither imports nor comments', () => {
    const text = "// why\nimport {\n  a,\n} from 'a'\n\n/**\n * What.\n */\nconst b = 1 // and\n"
    assert.deepEqual(codeOf('one', text), [{ path: 'one', number: 9, text: 'const b = 1 // and' }])
  })

  it('nothing stands twice', () => {
    const files = ['src', 'benchmarks', 'test'].flatMap(readCode)
    assert.deepEqual(findDuplicates(files, linesMax), [])
  })
})

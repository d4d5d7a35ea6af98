// `aquatic loadtest compare` as a process: table, JSON, exit codes, and files that are no results.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { documentText } from '../../src/loadtest/report/document.js'
import type { LoadTestResult } from '../../src/loadtest/result.js'
import { scratchDirectory } from '../config/scratch.js'
import { type SampleShape, sampleDocument } from '../loadtest/sample-result.js'
import { runAquatic } from './run.js'

const compare = (...args: string[]) => runAquatic(['loadtest', 'compare', ...args])

async function write(
  directory: string,
  name: string,
  shape: SampleShape = {},
  changes: Partial<LoadTestResult> = {},
): Promise<string> {
  const path = join(directory, name)
  writeFileSync(path, documentText(await sampleDocument(shape, changes)))
  return path
}

async function files(t: TestContext): Promise<{ same: [string, string]; worse: string }> {
  const directory = scratchDirectory(t)
  return {
    same: [await write(directory, 'a.json'), await write(directory, 'b.json', { seed: 2 })],
    worse: await write(directory, 'c.json', { seed: 3, slowness: 1.3 }),
  }
}

test('two runs of the same are within the noise, and that is an answer', async t => {
  const { same } = await files(t)
  const { exitCode, stdout, stderr } = await compare(...same)
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(stdout, /^Of 32 figures, 0 got worse and 0 better; /)
  assert.match(stdout, /^announce +service p50 .* ~$/m)
  assert.equal((await compare(...same, '--max-regression', '5%')).exitCode, 0)
})

test('what got worse is marked; it ends with 3 only where a limit was given', async t => {
  const { same, worse } = await files(t)
  const plain = await compare(same[0], worse)
  assert.equal(plain.exitCode, 0)
  assert.match(plain.stdout, /^announce +service p50 .* worse$/m)
  const limited = await compare(same[0], worse, '--max-regression', '5%')
  assert.deepEqual([limited.exitCode, limited.stdout], [3, plain.stdout])
  assert.match(limited.stderr, /^error: Worse by more than 5%: .*announce service p50/)
  assert.equal((await compare(same[0], worse, '--max-regression', '50.5%')).exitCode, 0)
  assert.equal((await compare(worse, same[0], '--max-regression', '0%')).exitCode, 0)
})

test('with --json it is one object, that names regressions where a limit was given', async t => {
  const { same, worse } = await files(t)
  const { exitCode, stdout } = await compare(same[0], worse, '--json', '--max-regression', '5%')
  assert.equal(exitCode, 3)
  const { left, figures, isVoid, differences, warnings, regressions } = JSON.parse(stdout)
  assert.deepEqual([left.file, left.url, isVoid], [same[0], 'udp://127.0.0.1:3000', false])
  assert.deepEqual([differences, warnings], [[], []])
  const [first] = regressions
  assert.equal(first.outcome, 'worse')
  assert.ok(figures.length > regressions.length)
  assert.equal(JSON.parse((await compare(...same, '--json')).stdout).regressions, null)
})

test('a void result is compared with nothing, and fails a limit', async t => {
  const directory = scratchDirectory(t)
  const good = await write(directory, 'a.json')
  const bad = await write(directory, 'b.json', {}, { verdict: 'generator-bound' })
  const plain = await compare(good, bad)
  assert.equal(plain.exitCode, 0)
  assert.match(plain.stdout, /b\.json is\s+generator-bound/)
  assert.equal((await compare(good, bad, '--max-regression', '5%')).exitCode, 4)
})

test('what is no result is refused in one sentence, with 2', async t => {
  const directory = scratchDirectory(t)
  const good = await write(directory, 'a.json')
  const path = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  const older = JSON.stringify({ ...(await sampleDocument()), schemaVersion: 0 })
  mkdirSync(join(directory, 'd'))
  for (const [file, message] of [
    [join(directory, 'missing.json'), /missing\.json can't be read: there is no such file\./],
    [join(directory, 'd'), /d is no regular file\./],
    [path('text.json', 'hello'), /text\.json is not JSON\./],
    [path('other.json', '{"protocol":"udp"}'), /other\.json is no result of a load test/],
    [path('older.json', older), /older\.json has schema version 0, which is older/],
  ] as const) {
    const { exitCode, stdout, stderr } = await compare(good, file)
    assert.deepEqual([exitCode, stdout], [2, ''], stderr)
    assert.match(stderr, message)
    assert.match(stderr, /^error: .*\n {2}try: .*\n$/)
  }
  const { exitCode, stderr } = await compare(good, good, '--max-regression', '5')
  assert.equal(exitCode, 2)
  assert.match(stderr, /--max-regression 5 is no percentage\. Write one such as 5%\./)
})

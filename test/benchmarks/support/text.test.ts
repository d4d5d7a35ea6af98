import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rankSelfTimes, threadOfProfile } from '../../../benchmarks/support/cpu-profile.js'
import { summarizeMitigations } from '../../../benchmarks/support/environment.js'
import {
  countPerThread,
  createLineSplitter,
  parseCollection,
} from '../../../benchmarks/support/garbage-collections.js'
import { formatNumber, formatSpread, renderTable } from '../../../benchmarks/support/markdown.js'
import { describeCommand } from '../../../src/bench/report/command-text.js'

const scavenge =
  '[11636:0x7f68a4000f00]       22 ms: Scavenge 3.2 (3.2) -> 2.8 (4.2) MB, 1.06 / 0.00 ms  (average)'

test('a table is Markdown with its first column on the left', () => {
  assert.equal(renderTable(['a', 'b'], [['x|y', '1']]), '| a | b |\n|---|---:|\n| x\\|y | 1 |')
})

test('missing numbers are dashes', () => {
  assert.equal(formatNumber(Number.NaN, 2), '–')
  assert.equal(formatSpread({ median: Number.NaN, minimum: Number.NaN, maximum: Number.NaN }, 1), '–')
  assert.equal(formatSpread({ median: 2, minimum: 1, maximum: 3.25 }, 1), '2.0 (1.0–3.3)')
})

test('a command keeps no absolute path', () => {
  const words = [
    'node',
    'dist/run.js',
    '--json',
    '/some/where/r.json',
    '--yardstick=/some/yard',
    '--only',
    'a,b',
  ]
  assert.equal(describeCommand(words), 'node dist/run.js --json …/r.json --yardstick=…/yard --only a,b')
})

test('only weaknesses that apply are listed', () => {
  const states = { meltdown: 'Not affected', spectre_v2: 'Mitigation: Retpolines' }
  assert.equal(summarizeMitigations(states), 'spectre_v2: Mitigation: Retpolines')
  assert.equal(summarizeMitigations({ meltdown: 'Not affected' }), 'none needed')
})

test('collections are read from the trace, other lines are not', () => {
  assert.deepEqual(parseCollection(scavenge), { isolate: '0x7f68a4000f00', uptimeMs: 22, kind: 'Scavenge' })
  const markCompact = scavenge.replace('Scavenge', 'Mark-Compact (reduce)')
  assert.equal(parseCollection(markCompact)?.kind, 'Mark-Compact (reduce)')
  assert.equal(parseCollection('{"event":"listening"}'), undefined)
})

test('collections are counted per thread, threads in the order of their creation', () => {
  const seen = [
    { isolate: '0xb', uptimeMs: 50, arrivedMs: 350, kind: 'Scavenge' },
    { isolate: '0xa', uptimeMs: 390, arrivedMs: 400, kind: 'Scavenge' },
    { isolate: '0xb', uptimeMs: 700, arrivedMs: 1000, kind: 'Mark-Compact' },
    { isolate: '0xb', uptimeMs: 1700, arrivedMs: 2000, kind: 'Scavenge' },
  ]
  assert.deepEqual(countPerThread(seen, 1000, 2000), [
    { thread: 'main', warmUp: 1, steady: 0, steadyKinds: [] },
    { thread: 'worker 1', warmUp: 1, steady: 1, steadyKinds: ['Mark-Compact'] },
  ])
})

test('lines are whole however the text arrives', () => {
  const lines: string[] = []
  const split = createLineSplitter(line => lines.push(line))
  for (const piece of ['on', 'e\ntwo\nth', 'ree\nrest']) split(piece)
  assert.deepEqual(lines, ['one', 'two', 'three'])
})

test('self times of a profile are summed per function and ranked', () => {
  const frame = (functionName: string) => ({ functionName, url: 'file:///x/loop.js', lineNumber: 9 })
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('decode') },
      { id: 2, callFrame: frame('encode') },
      { id: 3, callFrame: frame('decode') },
    ],
    samples: [1, 2, 3, 1],
    timeDeltas: [1000, 500, 1000, 1500],
  }
  assert.deepEqual(rankSelfTimes(profile), [
    { name: 'decode', place: 'loop.js:10', selfMs: 3.5, share: 0.875 },
    { name: 'encode', place: 'loop.js:10', selfMs: 0.5, share: 0.125 },
  ])
})

test('the thread is read from the name of a profile', () => {
  assert.equal(threadOfProfile('CPU.20260101.134753.11649.1.002.cpuprofile'), 1)
  assert.equal(threadOfProfile('notes.txt'), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseCoreTicks,
  parseProcessorTicks,
  parseResidentMemory,
  readProcessorTicks,
  readResidentMemory,
} from '../../../benchmarks/support/process-accounting.js'

test('processor time is read behind a name with spaces and parentheses', () => {
  const stat = '42 (odd) name (x)) S 1 42 42 0 -1 4194304 100 0 0 0 123 45 6 7 20 0 2 0 99 1000 50'
  assert.deepEqual(parseProcessorTicks(stat), { user: 123, system: 45 })
})

test('a line that is no stat line is refused', () => {
  assert.throws(() => parseProcessorTicks('42 (cut'), /not a \/proc/)
})

test('memory is read from status, and its absence in an ended process is an error', () => {
  const status = 'Name:\tx\nVmHWM:\t   14848 kB\nVmRSS:\t   12092 kB\nThreads:\t6\n'
  assert.deepEqual(parseResidentMemory(status), { nowKib: 12092, peakKib: 14848 })
  assert.throws(() => parseResidentMemory('Name:\tx\nState:\tZ (zombie)\n'), /has ended/)
})

test('the line of one core is read, and not that of a core whose number begins alike', () => {
  const stat = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu10 7 7 7 7 7 7 7 7 0 0\ncpu1 1 2 3 40 5 6 7 8 0 0\nintr 1\n'
  assert.deepEqual(parseCoreTicks(stat, 1), { all: 72, idle: 45, stolen: 8 })
  assert.throws(() => parseCoreTicks(stat, 3), /no cpu3/)
})

test('this process can be read', { skip: process.platform !== 'linux' }, () => {
  const ticks = readProcessorTicks(process.pid)
  const memory = readResidentMemory(process.pid)
  assert.ok(ticks.user + ticks.system >= 0)
  assert.ok(memory.nowKib > 1024 && memory.peakKib >= memory.nowKib)
})

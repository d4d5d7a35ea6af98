import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseAquatic } from '../../../benchmarks/loadtest/aquatic.js'
import { parseOurs } from '../../../benchmarks/loadtest/contenders.js'
import { parseOptions } from '../../../benchmarks/loadtest/options.js'
import {
  measureBetween,
  measureToEnd,
  parseChildrenTicks,
} from '../../../benchmarks/loadtest/processor-time.js'
import { renderReport } from '../../../benchmarks/loadtest/report.js'
import type { LoadCounts } from '../../../benchmarks/support/cost.js'
import { readTicksPerSecond } from '../../../benchmarks/support/process-accounting.js'
import type { RunRecord } from '../../../benchmarks/support/run-record.js'

const bench = { loadCore: 0, ticksPerSecond: readTicksPerSecond() }
/** Counts to a number that takes a tenth of a second or more. */
const busy = 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'

describe('Comparison of load generators', () => {
  it('reads what generators print', () => {
    const report = (rate: string): string => `Requests out: 9.00/second\nResponses in: ${rate}/second\n`
    assert.deepEqual(parseAquatic('a program', report('100.50') + report('200.25')), {
      responses: 1001.25,
      seconds: 5,
      responsesPerSecond: 200.25,
    })
    assert.throws(() => parseAquatic('a program', report('1.00')), /not two reports of a program/)
    assert.deepEqual(parseOurs('{"phase":"drain"}\n{"answered":10,"failed":0,"seconds":4}\n'), {
      responses: 10,
      seconds: 4,
      responsesPerSecond: 2.5,
    })
    assert.throws(() => parseOurs('{"phase":"drain"}\n'), /not the output/)
  })

  it('reads processor time of children, whatever the name of the process is', () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3))
    assert.deepEqual(parseChildrenTicks(`1 (a) b) ${fields.join(' ')}`), { user: 16, system: 17 })
    assert.throws(() => parseChildrenTicks('nothing'), /stat line/)
  })

  it('counts the processor time of a program to its end', async () => {
    const parse = (stdout: string): LoadCounts => {
      assert.match(stdout, /^done$/m)
      return { responses: 1000, seconds: 1, responsesPerSecond: 1000 }
    }
    const launch = { command: 'sh', args: ['-c', `${busy}; echo done`] }
    const { totalUs } = await measureToEnd(bench, launch, parse)
    assert.ok(totalUs > 10, `${totalUs}`)
    const failing = { command: 'sh', args: ['-c', 'echo no >&2; exit 3'] }
    await assert.rejects(measureToEnd(bench, failing, parse), /exit code 3.*no/)
  })

  it('counts the processor time of a program between two of its lines', async context => {
    const directory = mkdtempSync(join(tmpdir(), 'aquatic-comparison-'))
    context.after(() => rmSync(directory, { recursive: true }))
    const readOn = join(directory, 'read-on')
    execFileSync('mkfifo', [readOn])
    // The program waits after its end until the end has been measured, however late its lines are read.
    const args = ['-c', `${busy}; echo start; echo end; read go <'${readOn}'; ${busy}; echo start; echo end`]
    const marks = {
      isStart: (line: string) => line === 'start',
      isEnd: (line: string) => {
        if (line === 'end') setImmediate(() => writeFileSync(readOn, 'go\n'))
        return line === 'end'
      },
      parse: () => ({ responses: 1000, seconds: 1, responsesPerSecond: 1000 }),
    }
    const { totalUs } = await measureBetween(bench, { command: 'sh', args }, marks)
    // User and system time may each come to a further tick between the lines; busy takes many.
    const whole = await measureToEnd(bench, { command: 'sh', args: ['-c', busy] }, marks.parse)
    assert.ok(totalUs < whole.totalUs / 2, `${totalUs} of ${whole.totalUs}`)
    const silent = { command: 'sh', args: ['-c', 'echo start'] }
    await assert.rejects(measureBetween(bench, silent, marks), /did not say/)
  })

  it('writes a page with targets and both ratios', () => {
    const load = { name: 'mixed', title: 'Mixed load' }
    const sampleOf = (contender: string, totalUs: number) => ({
      round: 1,
      load: 'mixed',
      contender,
      measurement: {
        totalUs,
        userUs: 0,
        systemUs: totalUs,
        coreUsed: 0.5,
        coreIdle: 0.5,
        coreStolen: 0,
        load: { responses: 10, seconds: 1, responsesPerSecond: 10 },
        readyMs: 0,
        residentAfterStartKib: 0,
        peakResidentKib: 0,
      },
    })
    const record: RunRecord<LoadCounts> = {
      command: 'node dist/benchmarks/loadtest/udp.js',
      environment: [],
      rounds: 1,
      seconds: 1,
      warmUpSeconds: 1,
      seed: 1,
      contenders: ['ours', 'load-udp'].map(name => ({ name, version: '1' })),
      absent: [{ name: 'aquatic', reason: 'not here' }],
      samples: [sampleOf('ours', 3), sampleOf('load-udp', 2)],
    }
    const page = renderReport(record, {
      protocol: 'udp',
      loads: [load],
      targets: [
        { load: 'mixed', contender: 'load-udp', bound: 1.4 },
        { load: 'mixed', contender: 'aquatic', bound: 0.8 },
      ],
      responder: { description: 'null-udp.' },
      settings: 'Equal.',
    })
    assert.match(page, /mixed: ours ÷ load-udp \| ≤ 1.4 \| 1.500 \| \*\*missed\*\*/)
    assert.match(page, /mixed: ours ÷ aquatic \| ≤ 0.8 \| – \| not measured/)
    assert.match(page, /Skipped: \*\*aquatic\*\*, not here/)
  })

  it('takes the place of aquatic from its flag', () => {
    assert.equal(parseOptions(['--aquatic', 'there'], 'ours', 'NOT_SET').aquatic, 'there')
    assert.equal(parseOptions([], 'ours', 'NOT_SET').aquatic, undefined)
    assert.throws(() => parseOptions(['--nonsense'], 'ours', 'NOT_SET'), /--aquatic PATH/)
  })
})

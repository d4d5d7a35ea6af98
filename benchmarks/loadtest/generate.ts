// Our load generator as a program of its own, for comparisons: runs the plan given as JSON and says, one JSON line each,
// when the measurement begins, when it is over, and what was answered.
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { runLoadTest } from '../../src/loadtest/run.js'
import { ExitCode, runProgram } from '../support/program.js'

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function main(): Promise<number> {
  const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan
  let phase = ''
  const result = await runLoadTest(plan, {
    onLive: live => {
      if (live.phase !== phase) say({ phase: live.phase })
      phase = live.phase
    },
  })
  const answered = result.kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
  const requests = result.kinds
    .flatMap(({ outcomes }) => Object.values(outcomes))
    .reduce((sum, count) => sum + count, 0)
  say({ answered, failed: requests - answered, seconds: result.measuredSeconds })
  return answered > 0 ? ExitCode.ok : ExitCode.invalid
}

await runProgram(main)

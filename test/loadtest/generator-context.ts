// What a generator is given, without a thread and a main thread around it: the test leads it through the phases.

import { Accounts } from '../../src/loadtest/accounts.js'
import { createRunControlMemory, RunControl } from '../../src/loadtest/control.js'
import { type GeneratorContext, Remarks } from '../../src/loadtest/generator.js'
import type { LoadPlan } from '../../src/loadtest/plan.js'
import { Population } from '../../src/loadtest/population.js'
import { Random } from '../../src/loadtest/random.js'
import { Schedule } from '../../src/loadtest/schedule.js'
import { Tallies } from '../../src/loadtest/tallies.js'
import { createTallyMemory } from '../../src/loadtest/tally.js'

export interface TestContext extends GeneratorContext {
  readonly tallies: Tallies
}

/** The context of a plan's only worker. */
export function contextOf(plan: LoadPlan): TestContext {
  const { pacing, seed } = plan
  const control = new RunControl(createRunControlMemory(1))
  const tallies = new Tallies(createTallyMemory(1, plan.phases.measureSeconds), 1)
  return {
    worker: 0,
    plan,
    control,
    tallies,
    accounts: new Accounts(tallies.workers[0], control, plan.timeoutMs, pacing.mode === 'open'),
    population: new Population(plan.population, seed, 0, 1),
    random: new Random(seed, 1),
    sideRandom: new Random(seed, 3),
    schedule:
      pacing.mode === 'open' ? new Schedule({ ...pacing, workers: 1, worker: 0 }, new Random(seed, 2)) : null,
    remarks: new Remarks(),
    sockets: { receiveBufferBytesGranted: null, drops: null },
  }
}

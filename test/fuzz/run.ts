// npm run fuzz -- TARGET [--seconds N] [--seed N] [--input HEX]: mutates until the time is up, or replays one input.

import { parseArgs } from 'node:util'
import { type CampaignResult, fuzz } from './campaign.js'
import { targets } from './targets.js'

const PROGRESS_MS = 10_000
const print = (line: string): boolean => process.stdout.write(`${line}\n`)

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    input: { type: 'string' },
  },
  allowPositionals: true,
})
const [name] = positionals
const target = targets.find(candidate => candidate.name === name)
if (target === undefined) {
  print(`Name a target: ${targets.map(candidate => candidate.name).join(', ')}.`)
  process.exitCode = 2
} else if (values.input !== undefined) {
  print(`outcome: ${await target.run(Buffer.from(values.input, 'hex'))}`)
} else {
  const startedAt = performance.now()
  const endsAt = startedAt + Number(values.seconds) * 1000
  let toldAt = startedAt
  print(`${target.name}: ${target.seeds.length} seeds, seed ${values.seed}`)
  const result = await fuzz(target, {
    seed: Number(values.seed),
    shouldStop: () => performance.now() >= endsAt,
    onProgress: (executions, kept) => {
      if (performance.now() - toldAt < PROGRESS_MS) return
      toldAt = performance.now()
      print(`  ${rateText(executions, startedAt)}, ${kept} inputs kept`)
    },
  })
  print(`${target.name}: ${rateText(result.executions, startedAt)}, ${result.outcomes} outcomes`)
  if (result.failure !== undefined) tell(target.name, result.failure)
}

function rateText(executions: number, startedAt: number): string {
  const seconds = (performance.now() - startedAt) / 1000
  return `${executions} executions, ${Math.round(executions / seconds)} a second`
}

function tell(targetName: string, failure: NonNullable<CampaignResult['failure']>): void {
  const { input, error } = failure
  print(error instanceof Error ? (error.stack ?? error.message) : String(error))
  print(`text:   ${JSON.stringify(Buffer.from(input).toString('latin1'))}`)
  print(`replay: npm run fuzz -- ${targetName} --input ${Buffer.from(input).toString('hex')}`)
  process.exitCode = 1
}

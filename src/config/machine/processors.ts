// Are there more workers than processors to run them?

import type { MachineCheck } from './needs.js'

export const checkProcessors: MachineCheck = async ({ workers: { key, count } }, { processors }) => {
  if (count <= processors) return []
  const have = processors === 1 ? '1 processor' : `${processors} processors`
  return [
    {
      severity: 'warning',
      check: 'processors',
      key,
      text: `${key} is ${count}, and this process may use ${have}: more workers are slower, not faster.`,
      remedy: `set ${key} to 0 (one for each processor) or to at most ${processors}`,
    },
  ]
}

// Which processors the contender gets and which the load: never the same where there are two. Modes are those of the
// original's bencher, which say how processors and their hyperthreads (pairs) are numbered on a machine.

export const processorModes = [
  'subsequent',
  'split-pairs',
  'subsequent-pairs',
  'subsequent-one-per-pair',
] as const
export type ProcessorMode = (typeof processorModes)[number]

export interface ProcessorShare {
  /** For taskset: `0`, `0,4`, `2-3`. */
  readonly contender: string
  readonly load: string
  readonly contenderProcessors: number
  readonly loadProcessors: number
  /** One processor only: contender and load share it, and figures mislead. */
  readonly isShared: boolean
}

/**
 * Processors for a contender with `wanted` of them, from the lowest; the load has `wanted` from the highest.
 * @param available numbers of the processors this process may use, ascending
 */
export function shareProcessors(
  available: readonly number[],
  mode: ProcessorMode,
  wanted: number,
): ProcessorShare {
  if (available.length < 2) {
    const only = listText(available)
    return { contender: only, load: only, contenderProcessors: 1, loadProcessors: 1, isShared: true }
  }
  const ordered = inOrderOfUse(available, mode)
  const step = mode === 'split-pairs' || mode === 'subsequent-pairs' ? 2 : 1
  const half = Math.floor(ordered.length / 2)
  const count = Math.max(1, Math.min(wanted * step, half))
  const contender = ordered.slice(0, count)
  const load = ordered.slice(-count)
  return {
    contender: listText(contender),
    load: listText(load),
    contenderProcessors: contender.length,
    loadProcessors: load.length,
    isShared: false,
  }
}

/** The processors in the order in which a contender is given more of them. */
function inOrderOfUse(available: readonly number[], mode: ProcessorMode): number[] {
  const half = Math.ceil(available.length / 2)
  switch (mode) {
    case 'subsequent':
    case 'subsequent-pairs':
      return [...available]
    case 'split-pairs':
      // The second half are the hyperthreads of the first: 0, 4, 1, 5, …
      return Array.from({ length: half }, (_, index) => [available[index], available[index + half]])
        .flat()
        .filter(processor => processor !== undefined)
    case 'subsequent-one-per-pair':
      return available.length < 4 ? [...available] : available.filter((_, index) => index % 2 === 0)
  }
}

function listText(processors: readonly number[]): string {
  return [...processors].sort((left, right) => left - right).join(',')
}

/** `0-2,5` -> 0, 1, 2, 5: as the system writes sets of processors. */
export function parseProcessorList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter(part => part !== '')
    .flatMap(part => {
      const [from, to] = part.split('-').map(Number)
      return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index)
    })
}

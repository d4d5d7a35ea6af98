// A plan in words, as screens and reports show it: the shape of the load is part of every figure.

import type { LoadPlan, Pacing, Stage } from './plan.js'

/** 1234 -> `1.2k`; up to 999 as it is. */
export function rateText(perSecond: number): string {
  for (const [size, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (perSecond >= size) return `${trimmed(perSecond / size)}${letter}`
  }
  return trimmed(perSecond)
}

function trimmed(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1).replace(/\.?0+$/, '')
}

/** `open 50k/s even`, `open 0 to 50k/s, 50k/s poisson`, `closed, window 64`. */
export function pacingText(
  pacing: Pacing,
  { protocol, window }: Pick<LoadPlan, 'protocol' | 'window'>,
): string {
  if (pacing.mode === 'closed') return protocol === 'udp' ? `closed, window ${window}` : 'closed'
  return `open ${pacing.stages
    .filter(({ seconds }) => seconds > 0)
    .map(stageText)
    .filter(isNew)
    .join(', ')} ${pacing.spacing}`
}

function stageText({ from, to }: Stage): string {
  return from === to ? `${rateText(to)}/s` : `${rateText(from)} to ${rateText(to)}/s`
}

/** A warm-up at the rate of the measurement needs no words. */
function isNew(text: string, index: number, texts: readonly string[]): boolean {
  return index === 0 || texts[index - 1] !== text
}

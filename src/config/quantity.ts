// Numbers with a letter behind them, as people write rates, times and shares: 50k, 2m, 0.1%.

/** What a suffix multiplies by. */
export type Suffixes = Readonly<Record<string, number>>

export const rateSuffixes: Suffixes = { k: 1e3, M: 1e6 }
/** In seconds. */
export const timeSuffixes: Suffixes = { ms: 1e-3, s: 1, m: 60, h: 3600 }
/** 1 is the whole. */
export const shareSuffixes: Suffixes = { '%': 0.01 }

/** Longer texts are no numbers of anybody's. */
const CHARACTERS_MAX = 40

/** Undefined for anything but a number that is not negative, with one of the suffixes or none. */
export function parseQuantity(text: string, suffixes: Suffixes): number | undefined {
  if (text.length > CHARACTERS_MAX) return undefined
  const match = /^\+?(\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?) ?([a-zA-Zµ%]*)$/.exec(text.trim())
  const [, digits, suffix] = match ?? []
  if (digits === undefined || suffix === undefined) return undefined
  if (suffix !== '' && !Object.hasOwn(suffixes, suffix)) return undefined
  // Without this, 99.9 % would be 0.9990000000000001.
  return Number((Number(digits.replaceAll('_', '')) * (suffixes[suffix] ?? 1)).toPrecision(15))
}

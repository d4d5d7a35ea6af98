// Numbers as people read them in statistics: lines and page write them alike.

/** `1,234,568` */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Bits per second as `12.34` Mbit/s. */
export function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(2)
}

/** Bytes as `12.3 MiB`. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** The rows of a table of peers per torrent, with the reference's labels. */
export const percentileLabels = [
  ['min', 'min'],
  ['p10', 'p10'],
  ['p20', 'p20'],
  ['p30', 'p30'],
  ['p40', 'p40'],
  ['p50', 'p50'],
  ['p60', 'p60'],
  ['p70', 'p70'],
  ['p80', 'p80'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
  ['max', 'max'],
] as const

/** `refusedByAccessList` -> `refused by access list` */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}

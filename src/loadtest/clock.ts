// One clock for all threads: milliseconds of the system's monotonic clock. `performance.now()` counts from another
// moment in each thread, so its distance to the system's clock is measured once.

function systemMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/**
 * How far the first clock is ahead of the second, which is read after it: time lost in between makes a reading too
 * small, so the largest of several is the one that was not interrupted.
 */
export function clockOffsetMs(first: () => number, second: () => number): number {
  let offsetMs = Number.NEGATIVE_INFINITY
  for (let reading = 0; reading < 16; reading++) offsetMs = Math.max(offsetMs, first() - second())
  return offsetMs
}

const offsetMs = clockOffsetMs(systemMs, () => performance.now())

/** Now, in milliseconds since an arbitrary moment that is the same for all threads of the machine. */
export function monotonicMs(): number {
  return performance.now() + offsetMs
}

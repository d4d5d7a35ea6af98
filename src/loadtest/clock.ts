// One clock for all threads: milliseconds of the system's monotonic clock. `performance.now()` counts from another
// moment in each thread, so its distance to the system's clock is measured once.

function systemMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** The smallest of several readings: the one that was not interrupted between its two halves. */
function measureOffsetMs(): number {
  let offsetMs = Number.POSITIVE_INFINITY
  for (let reading = 0; reading < 16; reading++) {
    offsetMs = Math.min(offsetMs, systemMs() - performance.now())
  }
  return offsetMs
}

const offsetMs = measureOffsetMs()

/** Now, in milliseconds since an arbitrary moment that is the same for all threads of the machine. */
export function monotonicMs(): number {
  return performance.now() + offsetMs
}

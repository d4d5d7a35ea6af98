// What a server of a test does later than it should. Tests themselves wait for events, never for time.

/** Calls back in so many milliseconds, as long as something else keeps the process alive. */
export function later(ms: number, act: () => void): void {
  AbortSignal.timeout(Math.ceil(ms)).addEventListener('abort', act)
}

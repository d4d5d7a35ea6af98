// Lines on stderr for people and service managers: `2026-01-31T12:00:00.000Z warn  text`.
// Once per change of state, never per request. (A logging library costs more start-up time than it saves lines.)

const logLevels = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

export interface Logger {
  readonly level: LogLevel
  log(level: Exclude<LogLevel, 'off'>, text: string): void
}

/** A logger that writes lines of `level` and more important ones to `write`. */
export function createLogger(level: LogLevel, write: (line: string) => void): Logger {
  const threshold = logLevels.indexOf(level)
  return {
    level,
    log(lineLevel, text) {
      if (logLevels.indexOf(lineLevel) > threshold) return
      write(`${new Date().toISOString()} ${lineLevel.padEnd(5)} ${text}\n`)
    },
  }
}

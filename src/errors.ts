// Every error a user can see: its stable code, its exit code and where to read more; and words that errors share.
// Wire errors are not here: they are status numbers and counters (see src/protocol, src/metrics).

/** What the process ends with. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** An objective was missed, or something got worse than allowed. */
  objectiveMissed: 3,
  /** The load test was what was measured: nothing is said about the tracker. */
  invalid: 4,
  interrupted: 130,
  /** Ended by SIGTERM; serve ends with 0 then. */
  terminated: 143,
} as const

/** One line per error code: the exit code it ends with. `docs/errors.md` explains each (a test keeps it complete). */
const catalogue = {
  AQ_CONFIG_INVALID: ExitCode.usage,
  AQ_CONFIG_UNREADABLE: ExitCode.usage,
  AQ_BIND_IN_USE: ExitCode.failure,
  AQ_BIND_DENIED: ExitCode.failure,
  AQ_BIND_ADDRESS: ExitCode.failure,
  AQ_BIND_FAILED: ExitCode.failure,
  AQ_ENGINE_UNAVAILABLE: ExitCode.failure,
  AQ_MEMORY_UNAVAILABLE: ExitCode.failure,
  AQ_ACCESS_LIST: ExitCode.failure,
  AQ_CERTIFICATE: ExitCode.failure,
  AQ_PRIVILEGES: ExitCode.failure,
  AQ_INHERITED_SOCKET: ExitCode.failure,
  AQ_WORKER_FAILED: ExitCode.failure,
  AQ_WORKER_DIED_WITH_LOCK: ExitCode.failure,
  AQ_LOAD_WORKER_FAILED: ExitCode.failure,
  AQ_OPEN_FILES: ExitCode.failure,
  AQ_BENCH_RESULTS: ExitCode.usage,
  AQ_BENCH_RUNNING: ExitCode.failure,
  AQ_BENCH_NOBODY: ExitCode.failure,
  AQ_BENCH_REQUEST: ExitCode.usage,
  AQ_TARGET_UNRESOLVED: ExitCode.failure,
  AQ_TARGET_SILENT: ExitCode.failure,
  AQ_TARGET_PROTOCOL: ExitCode.failure,
  AQ_TARGET_CERTIFICATE: ExitCode.failure,
  AQ_OUTPUT: ExitCode.usage,
  AQ_OUTPUT_FAILED: ExitCode.failure,
  AQ_RESULT: ExitCode.usage,
} as const

export type ErrorCode = keyof typeof catalogue

export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[]

/**
 * An operational error: `message` is one sentence with the cause, `remedy` says what to do.
 * `lines` replace the message where several problems are reported at once (configuration).
 */
export class AquaticError extends Error {
  readonly code: ErrorCode
  readonly exitCode: number
  readonly remedy: string | undefined
  readonly lines: readonly string[]

  constructor(
    code: ErrorCode,
    message: string,
    options: { remedy?: string; lines?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AquaticError'
    this.code = code
    this.exitCode = catalogue[code]
    this.remedy = options.remedy
    this.lines = options.lines ?? [message]
  }
}

/** What is taken as it is, though it deserves a warning. */
export interface Doubt {
  /** The cause, without a full stop. */
  readonly text: string
  readonly remedy: string
}

/** Cause and remedy in one line of a log: `list.txt:4: found "x". Mend the line.` */
export function inOneLine(cause: string, remedy: string | undefined): string {
  const first = cause.endsWith('.') ? cause : `${cause}.`
  return remedy === undefined ? first : `${first} ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`
}

/** What the system's error codes mean for a file that is to be read or written. */
const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no directory',
  EISDIR: 'it is a directory',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
  EROFS: 'its file system is read-only',
}

/** Why the system refused a file, as `there is no such file`; in its own words where there are none here. */
export function fileReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return fileReasons[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message
}

// Error numbers of Linux, and the one table that says what a failed send means.

/** The numbers this program reacts to (the same on x64 and arm64). */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTDIR: 20,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
} as const

/** What to do after an error on one datagram. */
export const SendAction = { retry: 0, skip: 1, fatal: 2 } as const

/**
 * Retry: the kernel has no room now. Skip: this one address or datagram can't be served, the next may be.
 * Fatal: the socket itself is gone or the call is wrong; going on would spin.
 * Unknown numbers are skipped, and counted as such by the caller.
 */
export function sendActionFor(errno: number): number {
  switch (errno) {
    case Errno.EINTR:
    case Errno.EAGAIN:
    case Errno.ENOMEM:
    case Errno.ENOBUFS:
      return SendAction.retry
    case Errno.EBADF:
    case Errno.EFAULT:
    case Errno.ENOTSOCK:
      return SendAction.fatal
    default:
      return SendAction.skip
  }
}

const names = new Map<number, string>(Object.entries(Errno).map(([name, number]) => [number, name]))

/** `98` -> `EADDRINUSE`, or `errno 98` for numbers not listed. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`
}

// Error numbers of Linux, and the tables that say what a failed call means.

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
  EPIPE: 32,
  ENOSYS: 38,
  EPROTO: 71,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  ENOPROTOOPT: 92,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
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

/** What to do after accept failed. */
export const AcceptAction = { enough: 0, next: 1, pause: 2, fatal: 3 } as const

/**
 * Enough: nobody waits. Next: this one connection is gone (accept(2) also reports errors of its network), another may
 * wait. Pause: no descriptor or memory is free; asking again at once would spin, since the connection goes on waiting.
 * Fatal: the listener itself is gone or the call is wrong.
 */
export function acceptActionFor(errno: number): number {
  switch (errno) {
    case Errno.EAGAIN:
      return AcceptAction.enough
    case Errno.EMFILE:
    case Errno.ENFILE:
    case Errno.ENOBUFS:
    case Errno.ENOMEM:
      return AcceptAction.pause
    case Errno.EBADF:
    case Errno.EFAULT:
    case Errno.EINVAL:
    case Errno.ENOTSOCK:
      return AcceptAction.fatal
    default:
      return AcceptAction.next
  }
}

/** What to do after recv or send failed on one connection. */
export const StreamAction = { wait: 0, close: 1, fatal: 2 } as const

/**
 * Wait: nothing to read, or no room, now; a signal came (the next turn tries again). Close: the connection is over.
 * Fatal: the descriptor is not ours any more, or the call is wrong.
 */
export function streamActionFor(errno: number): number {
  switch (errno) {
    case Errno.EINTR:
    case Errno.EAGAIN:
    case Errno.ENOBUFS:
    case Errno.ENOMEM:
      return StreamAction.wait
    case Errno.EBADF:
    case Errno.EFAULT:
    case Errno.ENOTSOCK:
      return StreamAction.fatal
    default:
      return StreamAction.close
  }
}

const names = new Map<number, string>(Object.entries(Errno).map(([name, number]) => [number, name]))

/** `98` -> `EADDRINUSE`, or `errno 98` for numbers not listed. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`
}

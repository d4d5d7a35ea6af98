// Numbers and structure sizes of the Linux socket interface, equal on x64 and arm64 (both LP64).

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000

export const SOL_IP = 0
export const SOL_SOCKET = 1
export const SOL_TCP = 6
export const SOL_IPV6 = 41
export const SO_REUSEADDR = 2
export const SO_TYPE = 3
export const SO_ERROR = 4
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_LINGER = 13
export const SO_REUSEPORT = 15
export const SO_RCVTIMEO = 20
export const SO_SNDTIMEO = 21
export const SO_ACCEPTCONN = 30
export const SO_DOMAIN = 39
export const SO_MEMINFO = 55
export const TCP_NODELAY = 1
export const IP_PKTINFO = 8
export const IP_MTU_DISCOVER = 10
export const IP_PMTUDISC_PROBE = 3
/** A bound source address without a port: the port is chosen by connect, where only the pair has to be new. */
export const IP_BIND_ADDRESS_NO_PORT = 24
export const IPV6_V6ONLY = 26
export const IPV6_RECVPKTINFO = 49

export const MSG_DONTWAIT = 0x40
export const MSG_NOSIGNAL = 0x4000
export const MSG_MORE = 0x8000
export const MSG_TRUNC = 0x20
export const MSG_WAITFORONE = 0x10000

export const SHUT_WR = 1

export const EPOLL_CLOEXEC = 0o2000000
export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
export const EPOLL_CTL_MOD = 3
export const EPOLLIN = 1
export const EPOLLOUT = 4
export const EPOLLERR = 8
export const EPOLLHUP = 0x10
/** The peer has closed its sending side. */
export const EPOLLRDHUP = 0x2000
/** One event for each time that something comes, whether or not what came before was read. */
export const EPOLLET = 0x8000_0000 | 0
/** Of several threads that wait for one listener, wakes one. */
export const EPOLLEXCLUSIVE = 1 << 28

/** Number of epoll_pwait2 on every architecture. */
export const SYS_EPOLL_PWAIT2 = 441

export const EFD_CLOEXEC = 0o2000000
export const EFD_NONBLOCK = 0o4000

export const F_GETFL = 3
export const F_SETFL = 4
export const O_NONBLOCK = 0o4000

export const POLLIN = 1
export const PR_SET_TIMERSLACK = 29
export const CLOCK_MONOTONIC = 1

/** `struct sockaddr_un`: family 2, path 108. */
export const SUN_PATH_BYTES = 108

/** `struct sockaddr_in6` is 28 bytes, `sockaddr_in` 16; names lie 32 bytes apart. */
export const SOCKADDR_IN_BYTES = 16
export const SOCKADDR_IN6_BYTES = 28

/** Words of `SO_MEMINFO`'s answer, and the one that counts datagrams dropped for lack of buffer. */
export const MEMINFO_WORDS = 9
export const MEMINFO_DROPS = 8

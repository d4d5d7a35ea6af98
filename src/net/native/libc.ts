// The system calls of the native engine, through koffi. Beside openssl.ts the only file that calls it.
//
// Symbols come from the process itself: node is linked against the C library (glibc or musl), so no file name is
// needed. A buffer whose address is stored in a structure must stay reachable from JavaScript for as long as the
// kernel may use it: every class here keeps its buffers in fields.

import { koffi } from './koffi.js'

/** A pointer argument: a typed array (its memory), or null. */
type Pointer = NodeJS.TypedArray | null

/** The calls, typed as in their manual pages; those that fail return -1 and leave the reason in `errno()`. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Pointer, addressBytes: number): number
  connect(fd: number, address: Pointer, addressBytes: number): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, address: Pointer, addressBytes: Pointer, flags: number): number
  recv(fd: number, bytes: Pointer, count: number, flags: number): number
  shutdown(fd: number, how: number): number
  epoll_create1(flags: number): number
  epoll_ctl(epoll: number, operation: number, fd: number, event: Pointer): number
  epoll_wait(epoll: number, events: Pointer, eventsMax: number, timeoutMs: number): number
  /** `epoll_wait` into memory of `addressOf`. */
  epollWaitAt(epoll: number, events: number, eventsMax: number, timeoutMs: number): number
  /**
   * epoll_pwait2(2) by its number, SYS_EPOLL_PWAIT2: older C libraries have no name for it, and Linux has it since
   * 5.11. `timeout` is a `struct timespec`; `signals` null, with 0 bytes.
   */
  epollPwait2(
    number: number,
    epoll: number,
    events: Pointer,
    eventsMax: number,
    timeout: Pointer,
    signals: Pointer,
    signalsBytes: number,
  ): number
  send(fd: number, bytes: Pointer, count: number, flags: number): number
  /** `send` of what lies at an address, in memory of `addressOf`: no view of it has to be made. */
  sendAt(fd: number, address: number, count: number, flags: number): number
  /** `recv` to an address, in memory of `addressOf`. */
  recvAt(fd: number, address: number, count: number, flags: number): number
  eventfd(value: number, flags: number): number
  write(fd: number, bytes: Pointer, count: number): number
  close(fd: number): number
  fcntl(fd: number, command: number, argument: number): number
  /** `path` ends with a zero byte. */
  chroot(path: Pointer): number
  getsockname(fd: number, address: Pointer, addressBytes: Pointer): number
  setsockopt(fd: number, level: number, name: number, value: Pointer, valueBytes: number): number
  getsockopt(fd: number, level: number, name: number, value: Pointer, valueBytes: Pointer): number
  poll(fds: Pointer, count: number, timeoutMs: number): number
  recvmmsg(fd: number, headers: Pointer, count: number, flags: number, timeout: Pointer): number
  sendmmsg(fd: number, headers: Pointer, count: number, flags: number): number
  clock_gettime(clock: number, time: Pointer): number
  prctl(option: number, argument: number): number
  madvise(address: bigint, bytes: number, advice: number): number
  /** Error number of the last failed call in this thread. */
  errno(): number
  /** Address of a typed array's memory. */
  addressOf(buffer: NodeJS.TypedArray): bigint
}

const declarations = [
  'int socket(int, int, int)',
  'int bind(int, void*, uint32_t)',
  'int connect(int, void*, uint32_t)',
  'int listen(int, int)',
  'int accept4(int, void*, void*, int)',
  'int recv(int, void*, size_t, int)',
  'int shutdown(int, int)',
  'int epoll_create1(int)',
  'int epoll_ctl(int, int, int, void*)',
  'int epoll_wait(int, void*, int, int)',
  'int send(int, void*, size_t, int)',
  'int eventfd(uint32_t, int)',
  'int write(int, void*, size_t)',
  'int close(int)',
  // Variadic in C; with integers alone the calling conventions of x64 and arm64 Linux make no difference.
  'int fcntl(int, int, int)',
  'int chroot(void*)',
  'int getsockname(int, void*, void*)',
  'int setsockopt(int, int, int, void*, uint32_t)',
  'int getsockopt(int, int, int, void*, void*)',
  'int poll(void*, unsigned long, int)',
  'int recvmmsg(int, void*, uint32_t, int, void*)',
  'int sendmmsg(int, void*, uint32_t, int)',
  'int clock_gettime(int, void*)',
  // Variadic in C, see fcntl.
  'int prctl(int, unsigned long)',
  'int madvise(uintptr_t, size_t, int)',
]

/** Calls that are declared once more, with other types of arguments. */
const variants: Readonly<Record<string, string>> = {
  sendAt: 'int send(int, uintptr_t, size_t, int)',
  recvAt: 'int recv(int, uintptr_t, size_t, int)',
  epollWaitAt: 'int epoll_wait(int, uintptr_t, int, int)',
  epollPwait2: 'long syscall(long, long, void*, long, void*, void*, long)',
}

let loaded: Libc | undefined

/** Binds the calls, once per thread. (Importing this module throws where koffi can't be loaded.) */
export function loadLibc(): Libc {
  if (loaded !== undefined) return loaded
  const library = koffi.load(null)
  const calls: Record<string, unknown> = {
    errno: () => koffi.errno(),
    addressOf: (buffer: NodeJS.TypedArray) => BigInt(koffi.address(buffer)),
  }
  for (const declaration of declarations) {
    const name = declaration.slice('int '.length, declaration.indexOf('('))
    calls[name] = library.func(declaration)
  }
  for (const [name, declaration] of Object.entries(variants)) calls[name] = library.func(declaration)
  loaded = calls as unknown as Libc
  return loaded
}

// Turns a failed bind into one sentence with cause and remedy, for every engine and protocol.

import { AquaticError, type ErrorCode } from '../errors.js'
import { formatSocketAddress, type SocketAddress } from '../protocol/socket-address.js'

/** @param errnoName such as `EADDRINUSE` */
export function bindError(protocol: string, address: SocketAddress, errnoName: string): AquaticError {
  const where = `${protocol} ${formatSocketAddress(address)}`
  const [code, cause, remedy] = explain(protocol, address, errnoName)
  return new AquaticError(code, `Cannot listen on ${where}: ${cause} (${errnoName}).`, { remedy })
}

/** The same for the path of a Unix-domain socket. */
export function unixBindError(protocol: string, path: string, errnoName: string): AquaticError {
  const [code, cause, remedy] = explainPath(path, errnoName)
  return new AquaticError(code, `Cannot listen on ${protocol} ${path}: ${cause} (${errnoName}).`, { remedy })
}

function explainPath(path: string, errnoName: string): [ErrorCode, string, string] {
  switch (errnoName) {
    case 'EADDRINUSE':
      return [
        'AQ_BIND_IN_USE',
        'another program listens there, or the file is no socket',
        `see who it is with \`ss -lxp src ${path}\`, or choose another path`,
      ]
    case 'EACCES':
    case 'EPERM':
      return [
        'AQ_BIND_DENIED',
        'this process may not create files in that directory',
        'create a directory that it owns (RuntimeDirectory= in a systemd unit)',
      ]
    case 'ENOENT':
    case 'ENOTDIR':
      return ['AQ_BIND_ADDRESS', 'the directory does not exist', 'create it, or choose another path']
    case 'ENAMETOOLONG':
      return ['AQ_BIND_ADDRESS', 'the path is empty or too long', 'choose one of 1 to 107 bytes']
    default:
      return ['AQ_BIND_FAILED', 'the system refused', 'see `man 7 unix` for what this error number means']
  }
}

function explain(
  protocol: string,
  { address, port }: SocketAddress,
  errnoName: string,
): [ErrorCode, string, string] {
  switch (errnoName) {
    case 'EADDRINUSE':
      return [
        'AQ_BIND_IN_USE',
        'another program uses this port',
        `find it with \`ss ${protocol === 'udp' ? '-lunp' : '-ltnp'} 'sport = :${port}'\`, or choose another port (0 lets the system choose)`,
      ]
    case 'EACCES':
    case 'EPERM':
      return [
        'AQ_BIND_DENIED',
        port < 1024
          ? 'ports below 1024 need a right that this process does not have'
          : 'the system forbids it',
        `choose a port of 1024 or more, or grant the right: \`setcap cap_net_bind_service=+ep "$(readlink -f "$(which node)")"\``,
      ]
    case 'EADDRNOTAVAIL':
      return [
        'AQ_BIND_ADDRESS',
        `no network interface of this machine has the address ${address}`,
        'list the addresses with `ip address`, or use 0.0.0.0 or [::] for all of them',
      ]
    case 'EAFNOSUPPORT':
      return [
        'AQ_BIND_ADDRESS',
        'this machine has this address family switched off',
        protocol === 'metrics'
          ? 'set statistics.prometheus_endpoint_address to an address of the other family'
          : 'set network.use_ipv6 (or network.use_ipv4) to false',
      ]
    case 'EMFILE':
    case 'ENFILE':
      return [
        'AQ_BIND_FAILED',
        'no file descriptors are left',
        'raise the limit (`ulimit -n 65536`, or LimitNOFILE= in a systemd unit), or lower the number of workers',
      ]
    case 'EINVAL':
      return [
        'AQ_BIND_ADDRESS',
        "the address can't be used as it is",
        "an IPv6 link-local address (fe80::…) can't be bound without its interface; use another one, or [::]",
      ]
    default:
      return ['AQ_BIND_FAILED', 'the system refused', 'see `man 2 bind` for what this error number means']
  }
}

// Rules about the keys that trackers on TCP have in the same way.

import { networkList, networkProblem } from './networks.js'
import { examineListening, notice, problem } from './rules.js'
import type { Finding } from './schema.js'
import type { StreamNetwork } from './streams.js'

/** Every rule of sockets, TLS and reverse proxies. */
export function examineStreams(network: StreamNetwork): Finding[] {
  return [
    ...examineListening(network, network.unixSocketPath !== ''),
    ...examineUnixSocket(network),
    ...examineTls(network),
    ...examineHeader(network),
    ...examineTrustedProxies(network),
    ...examineProxyUse(network),
  ]
}

/** What sockaddr_un of Linux has room for, without the final zero byte (unix(7)). */
const longestUnixPathBytes = 107

function examineUnixSocket({
  unixSocketPath,
  runsBehindReverseProxy,
  proxyProtocol,
}: StreamNetwork): Finding[] {
  if (unixSocketPath === '') return []
  const findings: Finding[] = []
  const bytes = Buffer.byteLength(unixSocketPath)
  if (bytes > longestUnixPathBytes) {
    const text =
      `network.unix_socket_path has ${bytes} bytes, and the operating system takes ` +
      `${longestUnixPathBytes} at most. Choose a shorter path.`
    findings.push(problem(['network.unix_socket_path'], text))
  }
  if (!runsBehindReverseProxy && proxyProtocol === 'off') {
    const text =
      'network.unix_socket_path is set, and a client on a Unix socket has no address. Set ' +
      'network.runs_behind_reverse_proxy = true or network.proxy_protocol = "required".'
    findings.push(problem(['network.unix_socket_path'], text))
  }
  return findings
}

function examineTls(network: StreamNetwork): Finding[] {
  const { enableTls, tlsPrivateKeyPassphrasePath } = network
  const needed = [
    ['network.tls_certificate_path', network.tlsCertificatePath],
    ['network.tls_private_key_path', network.tlsPrivateKeyPath],
  ] as const
  if (enableTls) {
    const missing = needed.filter(([, value]) => value === '').map(([key]) => key)
    if (missing.length === 0) return []
    const text = `network.enable_tls is true without ${missing.join(' and ')}. Name a PEM file for each.`
    return [problem(['network.enable_tls', ...missing], text)]
  }
  const paths = [...needed, ['network.tls_private_key_passphrase_path', tlsPrivateKeyPassphrasePath] as const]
  const idle = paths.filter(([, value]) => value !== '').map(([key]) => key)
  if (idle.length === 0) return []
  return [notice(idle, `network.enable_tls is false, so TLS is not spoken; without use: ${idle.join(', ')}.`)]
}

/** A header's name is a token (RFC 9110, 5.6.2). */
const headerName = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/

function examineHeader(network: StreamNetwork): Finding[] {
  const {
    reverseProxyIpHeaderName: name,
    reverseProxyIpHeaderFormat: format,
    reverseProxyHops: hops,
  } = network
  const nameKey = 'network.reverse_proxy_ip_header_name'
  const formatKey = 'network.reverse_proxy_ip_header_format'
  const hopsKey = 'network.reverse_proxy_hops'
  const findings: Finding[] = []
  const isForwarded = name.toLowerCase() === 'forwarded'
  if (!headerName.test(name)) {
    const text = `${nameKey} is ${JSON.stringify(name)}, which no header can be called. The default is "X-Forwarded-For".`
    findings.push(problem([nameKey], text))
  } else if (format === 'forwarded' && !isForwarded) {
    const text = `${formatKey} is "forwarded", and ${nameKey} is "${name}". Set ${nameKey} = "Forwarded".`
    findings.push(problem([formatKey, nameKey], text))
  } else if (format !== 'forwarded' && isForwarded) {
    const text = `${nameKey} is "${name}", and ${formatKey} is "${format}". Set ${formatKey} = "forwarded".`
    findings.push(problem([nameKey, formatKey], text))
  }
  if (format === 'last_address' && hops !== 1) {
    const text = `${formatKey} is "last_address", and ${hopsKey} is ${hops}. Set ${formatKey} = "hops".`
    findings.push(problem([hopsKey, formatKey], text))
  }
  return findings
}

function examineTrustedProxies({ trustedProxies, reverseProxyHops }: StreamNetwork): Finding[] {
  const key = 'network.trusted_proxies'
  const entries = networkList(trustedProxies)
  const findings: Finding[] = []
  for (const entry of entries) {
    const wrong = networkProblem(entry)
    if (wrong !== undefined) {
      const text = `${key} has ${JSON.stringify(entry)}, which ${wrong}. Write entries with commas between them.`
      findings.push(problem([key], text))
    }
  }
  if (entries.length > 0 && reverseProxyHops !== 1) {
    const text =
      `network.reverse_proxy_hops is ${reverseProxyHops}, and with ${key} the proxies are told by their addresses. ` +
      'Remove one of the two.'
    findings.push(problem(['network.reverse_proxy_hops', key], text))
  }
  return findings
}

function examineProxyUse(network: StreamNetwork): Finding[] {
  const { runsBehindReverseProxy, proxyProtocol, trustedProxies, reverseProxyHops } = network
  const behindKey = 'network.runs_behind_reverse_proxy'
  const findings: Finding[] = []
  if (runsBehindReverseProxy && proxyProtocol === 'required') {
    const text =
      `network.proxy_protocol is "required" and ${behindKey} is true, but only one of them can tell the client's ` +
      'address. Set network.proxy_protocol = "off" or network.runs_behind_reverse_proxy = false.'
    findings.push(problem(['network.proxy_protocol', behindKey], text))
  }
  if (network.enableTls && proxyProtocol === 'required') {
    const text =
      'network.proxy_protocol is "required" and network.enable_tls is true, but proxies send that header before the ' +
      "TLS handshake, which then fails. Set network.enable_tls = false and let the proxy's side speak TLS."
    findings.push(problem(['network.proxy_protocol', 'network.enable_tls'], text))
  }
  const isBehind = runsBehindReverseProxy || proxyProtocol === 'required'
  const idle: string[] = []
  if (!isBehind && trustedProxies !== '') idle.push('network.trusted_proxies')
  if (!runsBehindReverseProxy && reverseProxyHops !== 1) idle.push('network.reverse_proxy_hops')
  if (!runsBehindReverseProxy && network.reverseProxyIpHeaderFormat !== 'last_address') {
    idle.push('network.reverse_proxy_ip_header_format')
  }
  if (idle.length > 0) {
    findings.push(
      notice(idle, `${behindKey} is false, so no header is read; without use: ${idle.join(', ')}.`),
    )
  }
  if (isBehind && network.maxConnectionsPerAddress > 0) {
    const key = 'network.max_connections_per_address'
    const text = `${key} is ${network.maxConnectionsPerAddress}, and all connections are from the proxy: it limits them all.`
    findings.push(notice([key, behindKey], text))
  }
  return findings
}

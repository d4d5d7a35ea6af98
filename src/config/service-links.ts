// Variables that container platforms set for each service of a network, and that begin like ours where a service is
// called aquatic-udp: Kubernetes for every pod (kubernetes.io, "Environment variables" of services), Docker for
// `--link` (docs.docker.com, "Legacy container links"). Names alone could be slips, so that values have to fit too.

import { isIP } from 'node:net'

/** A service's name in capitals; a doubled underscore is ours. */
const service = '[A-Z0-9]+(?:_[A-Z0-9]+)*'
const port = '_PORT_\\d+_(?:TCP|UDP|SCTP)'

const isPort = (value: string): boolean => /^\d{1,5}$/.test(value)
const isProtocol = (value: string): boolean => /^(tcp|udp|sctp)$/.test(value)
const isAddress = (value: string): boolean => isIP(value) !== 0

function isUrl(value: string): boolean {
  const [, bracketed, plain] = /^(?:tcp|udp|sctp):\/\/(?:\[([^\]]+)\]|([^:]+)):\d{1,5}$/.exec(value) ?? []
  return isAddress(bracketed ?? plain ?? '')
}

const patterns: readonly (readonly [RegExp, (value: string) => boolean])[] = (
  [
    ['_SERVICE_HOST', isAddress],
    ['_SERVICE_PORT(?:_[A-Z0-9]+)*', isPort],
    [`(?:_PORT|${port}(?:_START|_END)?)`, isUrl],
    [`${port}_PROTO`, isProtocol],
    [`${port}_PORT(?:_START|_END)?`, isPort],
    [`${port}_ADDR`, isAddress],
  ] as const
).map(([ending, fits]) => [new RegExp(`^${service}${ending}$`), fits])

/** Whether a variable of this environment is nobody's setting but a platform's word about a service. */
export function isServiceLink(name: string, env: NodeJS.ProcessEnv): boolean {
  const value = env[name] ?? ''
  return patterns.some(([pattern, fits]) => pattern.test(name) && fits(value)) || isDockerLink(name, env)
}

/** `UDP_NAME=/tracker/udp`, and with it everything that the other container had in its environment: `UDP_ENV_…`. */
function isDockerLink(name: string, env: NodeJS.ProcessEnv): boolean {
  const [, alias] = new RegExp(`^(${service}?)_(?:NAME$|ENV_)`).exec(name) ?? []
  if (alias === undefined) return false
  const linked = /^\/[^/]+\/([^/]+)$/.exec(env[`${alias}_NAME`] ?? '')?.[1]
  return linked !== undefined && linked.replaceAll('-', '_').toUpperCase() === alias
}

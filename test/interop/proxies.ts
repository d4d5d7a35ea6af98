// nginx and HAProxy as docs/nginx.conf and docs/haproxy.cfg set them up: the very files, with other ports and paths.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeCertificate, scratchDirectory } from '../support/certificates.js'
import { canRun, type Owner, type RunningProcess, startProcess } from '../support/child-process.js'
import { packageRoot } from '../support/tracker-process.js'

export const proxiesMissing = {
  'nginx is not installed': !canRun('nginx', ['-v']),
  'haproxy is not installed': !canRun('haproxy', ['-v']),
} as const

/** Where the tracker is reached. */
export type Upstreams = {
  /** Ports of 127.0.0.1. */
  readonly http: number
  readonly proxyProtocol: number
  readonly unixPath: string
}

/** A way through a proxy: its port on both loopback addresses. */
export type ProxyPort = { readonly name: string; readonly port: number }

export type Proxies = {
  readonly nginxTcp: ProxyPort
  readonly nginxUnix: ProxyPort
  readonly nginxStream: ProxyPort
  readonly haproxyHttp: ProxyPort
  readonly haproxyTcp: ProxyPort
  /** What the proxies show to clients. */
  readonly certificate: Buffer
  readonly processes: readonly RunningProcess[]
}

type Substitution = readonly [inDocs: string, here: string]

/** A file of docs with its values for this machine. Every one of them must be there. */
function substitute(name: string, substitutions: readonly Substitution[]): string {
  let text = readFileSync(join(packageRoot, 'docs', name), 'utf8')
  for (const [inDocs, here] of substitutions) {
    if (!text.includes(inDocs)) throw new Error(`docs/${name} has no ${JSON.stringify(inDocs)}`)
    text = text.replaceAll(inDocs, here)
  }
  return text
}

/** Ports that are free now, on every address. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, resolve))
      return server
    }),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Starts both, each on ports of its own; the owner's end ends them. */
export async function startProxies(owner: Owner, upstreams: Upstreams): Promise<Proxies> {
  const directory = scratchDirectory(owner)
  const { certificatePath, keyPath } = makeCertificate(directory, 'proxy', { commonName: 'localhost' })
  for (let attempt = 1; ; attempt++) {
    const [tcp, unix, stream, http, bytes] = (await freePorts(5)) as [number, number, number, number, number]
    const nginx = startNginx(owner, directory, { certificatePath, keyPath }, [tcp, unix, stream], upstreams)
    const haproxy = startHaproxy(owner, directory, { certificatePath, keyPath }, [http, bytes], upstreams)
    const starts = await Promise.allSettled([
      nginx.waitForLines('stderr', /start worker process \d/),
      haproxy.waitForLines('stderr', /Loading success/),
    ])
    const failed = starts.find(start => start.status === 'rejected')
    if (failed === undefined) {
      return {
        nginxTcp: { name: 'nginx, X-Forwarded-For over TCP', port: tcp },
        nginxUnix: { name: 'nginx, X-Forwarded-For over a Unix socket', port: unix },
        nginxStream: { name: 'nginx, PROXY protocol', port: stream },
        haproxyHttp: { name: 'HAProxy, X-Forwarded-For', port: http },
        haproxyTcp: { name: 'HAProxy, PROXY protocol', port: bytes },
        certificate: readFileSync(certificatePath),
        processes: [nginx, haproxy],
      }
    }
    await Promise.all([nginx.stop(), haproxy.stop()])
    // Somebody else took a port in between.
    const isTaken = /Address already in use|cannot bind socket/
    if (attempt === 5 || !(nginx.hasSaid(isTaken) || haproxy.hasSaid(isTaken))) throw failed.reason
  }
}

/** Both have a worker process, which goes on, and holds the pipes, if the first one is only killed. */
function startDaemon(owner: Owner, command: string, args: readonly string[]): RunningProcess {
  const stopFirst: Owner = {
    after: destroy =>
      owner.after(async () => {
        await daemon.stop()
        await (destroy as () => Promise<void>)()
      }),
  }
  const daemon = startProcess(stopFirst, command, args)
  return daemon
}

type Keys = { readonly certificatePath: string; readonly keyPath: string }

function startNginx(
  owner: Owner,
  directory: string,
  { certificatePath, keyPath }: Keys,
  [tcp, unix, stream]: readonly [number, number, number],
  upstreams: Upstreams,
): RunningProcess {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(kind => `${kind}_temp_path ${join(directory, kind)};`)
    .join(' ')
  const listens = ([443, tcp, 8443, unix, 9443, stream] as const).flatMap((port, index, all) =>
    index % 2 === 0
      ? [
          [`listen ${port} ssl;`, `listen 127.0.0.1:${all[index + 1]} ssl;`] as const,
          [`listen [::]:${port} ssl;`, `listen [::1]:${all[index + 1]} ssl;`] as const,
        ]
      : [],
  )
  const configuration = join(directory, 'nginx.conf')
  const text = substitute('nginx.conf', [
    // Who runs the tests must be able to read the scratch directory.
    ['user www-data;', process.getuid?.() === 0 ? 'user root;' : ''],
    ['worker_processes auto;', 'worker_processes 1;'],
    ['/run/nginx.pid', join(directory, 'nginx.pid')],
    ['http {', `http {\n    ${temporary}`],
    ['/etc/letsencrypt/live/tracker.example.org/fullchain.pem', certificatePath],
    ['/etc/letsencrypt/live/tracker.example.org/privkey.pem', keyPath],
    ['127.0.0.1:3000', `127.0.0.1:${upstreams.http}`],
    ['127.0.0.1:3001', `127.0.0.1:${upstreams.proxyProtocol}`],
    ['unix:/run/aquatic/http.sock', `unix:${upstreams.unixPath}`],
    ...listens,
  ])
  writeFileSync(configuration, text)
  const directives = 'daemon off; error_log stderr notice;'
  return startDaemon(owner, 'nginx', ['-e', 'stderr', '-c', configuration, '-g', directives])
}

function startHaproxy(
  owner: Owner,
  directory: string,
  { certificatePath, keyPath }: Keys,
  [http, bytes]: readonly [number, number],
  upstreams: Upstreams,
): RunningProcess {
  const both = join(directory, 'haproxy.pem')
  writeFileSync(both, Buffer.concat([readFileSync(certificatePath), readFileSync(keyPath)]))
  const configuration = join(directory, 'haproxy.cfg')
  const text = substitute('haproxy.cfg', [
    // It does not start where it may not have as many descriptors.
    ['maxconn 50000', 'maxconn 200\n    nbthread 1'],
    ['/etc/haproxy/tracker.example.org.pem', both],
    ['bind :443 ', `bind 127.0.0.1:${http} `],
    ['bind [::]:443 ', `bind [::1]:${http} `],
    ['bind :8443 ', `bind 127.0.0.1:${bytes} `],
    ['bind [::]:8443 ', `bind [::1]:${bytes} `],
    ['127.0.0.1:3000', `127.0.0.1:${upstreams.http}`],
    ['127.0.0.1:3001', `127.0.0.1:${upstreams.proxyProtocol}`],
  ])
  writeFileSync(configuration, text)
  return startDaemon(owner, 'haproxy', ['-W', '-db', '-f', configuration])
}

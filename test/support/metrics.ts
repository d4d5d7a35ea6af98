// Reads a metrics endpoint as Prometheus does, over a connection of its own.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** `name{labels}` as it stands in the text -> value. */
export type Series = ReadonlyMap<string, number>

export interface EndpointAddress {
  readonly address: string
  readonly port: number
}

/** A connection that reads nothing unless it is told to; errors (the other side ends it) are no failure. */
export async function openConnection({ address, port }: EndpointAddress): Promise<Socket> {
  const socket = connect({ host: address, port })
  socket.pause()
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** Sends `request` as it is and resolves with all that came back until the other side closed. */
export async function exchange(endpoint: EndpointAddress, request: string): Promise<string> {
  const socket = await openConnection(endpoint)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  socket.resume()
  socket.write(request)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

/** One request and its answer. */
export async function get(endpoint: EndpointAddress, path = '/metrics', method = 'GET'): Promise<Answer> {
  const text = await exchange(endpoint, `${method} ${path} HTTP/1.1\r\nHost: tracker\r\n\r\n`)
  const end = text.indexOf('\r\n\r\n')
  const [first, ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map(line => {
      const [name, ...value] = line.split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }),
  )
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
}

/** Values by series, comments left out. */
export function parseMetrics(text: string): Series {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

/** Sum over all series of a metric whose labels contain `labels`. */
export function sumOf(series: Series, name: string, labels = ''): number {
  return [...series]
    .filter(([key]) => (key === name || key.startsWith(`${name}{`)) && key.includes(labels))
    .reduce((sum, [, value]) => sum + value, 0)
}

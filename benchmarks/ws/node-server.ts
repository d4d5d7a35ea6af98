// A server of node for the contenders that take one: http, or https with a certificate.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

/** `files` are the paths of certificate and key, or none. */
export function createPlainOrTlsServer([certificate, key]: readonly string[]): Server {
  if (certificate === undefined || key === undefined) return createServer()
  return createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) })
}

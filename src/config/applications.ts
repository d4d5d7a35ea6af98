// The applications that have a configuration, by the name they have on the command line.
// A table is imported when it is asked for.

import type { Table } from './schema.js'

const tables = {
  udp: async (): Promise<Table> => (await import('./udp.js')).udpTable,
  http: async (): Promise<Table> => (await import('./http.js')).httpTable,
  ws: async (): Promise<Table> => (await import('./ws.js')).wsTable,
  serve: async (): Promise<Table> => (await import('./serve.js')).serveTable,
} as const

export type ApplicationName = keyof typeof tables

export const applicationNames = Object.keys(tables) as readonly ApplicationName[]

/** The table of one application. */
export function tableOf(application: ApplicationName): Promise<Table> {
  return tables[application]()
}

// The applications that have a configuration, by the name they have on the command line.
// A table is imported when it is asked for.

import type { Table } from './schema.js'

const tables = {
  udp: async (): Promise<Table> => (await import('./udp.js')).udpTable,
  http: async (): Promise<Table> => (await import('./http.js')).httpTable,
  ws: async (): Promise<Table> => (await import('./ws.js')).wsTable,
  serve: async (): Promise<Table> => (await import('./serve.js')).serveTable,
  'loadtest-udp': async (): Promise<Table> => (await import('./loadtest-udp.js')).loadtestUdpTable,
  'loadtest-http': async (): Promise<Table> => (await import('./loadtest-http.js')).loadtestHttpTable,
  'loadtest-ws': async (): Promise<Table> => (await import('./loadtest-ws.js')).loadtestWsTable,
} as const

export type ApplicationName = keyof typeof tables

export const applicationNames = Object.keys(tables) as readonly ApplicationName[]

export type LoadTestName = Extract<ApplicationName, `loadtest-${string}`>
export type TrackerName = Exclude<ApplicationName, LoadTestName>

export function isLoadTest(application: ApplicationName): application is LoadTestName {
  return application.startsWith('loadtest-')
}

/** The table of one application. */
export function tableOf(application: ApplicationName): Promise<Table> {
  return tables[application]()
}

// What is wrong with a configuration that does not load.

import assert from 'node:assert/strict'
import { type ConfigSources, loadConfig } from '../../src/config/load.js'
import type { Table } from '../../src/config/schema.js'

/** The problems' lines; fails if the configuration loads. */
export async function problemsOf(table: Table, sources: ConfigSources): Promise<readonly string[]> {
  try {
    await loadConfig(table, sources)
  } catch (error) {
    return (error as { lines: readonly string[] }).lines
  }
  return assert.fail('it loaded')
}

// Files for tests that need some: a directory that goes away with the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A new directory, removed when the test ends. */
export function scratchDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'aquatic-config-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Writes `tracker.toml` into a new directory and returns its path. */
export function scratchFile(t: TestContext, text: string | Uint8Array): string {
  const file = join(scratchDirectory(t), 'tracker.toml')
  writeFileSync(file, text)
  return file
}

/** A file of test/config/data; seen from the compiled test in dist/test/config. */
export function dataFile(name: string): string {
  return fileURLToPath(new URL(`../../../test/config/data/${name}`, import.meta.url))
}

#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { execute } from '@oclif/core/execute'

if (existsSync(new URL('../dist/src/commands', import.meta.url))) {
  await execute({ dir: import.meta.url })
} else {
  process.stderr.write(
    'error: This copy of aquatic was never built.\n  try: npm ci && npm run build, in its source\n',
  )
  process.exitCode = 1
}

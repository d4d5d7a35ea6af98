// What tests need that change the limits of a running process.

import type { TestContext } from 'node:test'
import { canRun } from './child-process.js'
import { meets } from './requirement.js'

export function metOpenFiles(t: TestContext): boolean {
  return meets(t, { 'prlimit (util-linux) is not installed': !canRun('prlimit', ['--version']) })
}

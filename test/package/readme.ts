// The commands that README.md shows to somebody who has installed the package.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../support/tracker-process.js'

/** Lines of shell blocks that start the program, without their comments. */
export function readmeCommands(): readonly string[] {
  const page = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!)
  const lines = blocks.flatMap(block => block.split('\n'))
  return lines.filter(line => /^([A-Z_0-9]+=\S+ )*aquatic /.test(line)).map(withoutComment)
}

function withoutComment(line: string): string {
  return line.replace(/\s+# .*$/, '').trim()
}

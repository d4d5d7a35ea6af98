// Ends everything that a bench started if the bench dies without doing so itself: a shell in a session of its own that
// waits for the end of its input, which the system closes with the bench, whatever ended it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { MARK } from './processes.js'

/**
 * Each line of its input is a mark to remember, or a directory to remove, or `done` when all was ended in order.
 * grep looks at the environments of all processes; its own has no mark. It looks again until nobody is found in several
 * rounds: what was just being started has its environment a moment later.
 */
const SCRIPT = `
marks= directories=
while read -r kind value; do
  case $kind in
    mark) marks="$marks $value" ;;
    directory) directories="$directories $value" ;;
    done) exit 0 ;;
  esac
done
rounds=0 tries=0
while [ $rounds -lt 5 ] && [ $tries -lt 200 ]; do
  for mark in $marks; do
    for file in $(grep -l -a -s "${MARK}=$mark" /proc/[0-9]*/environ); do
      pid=\${file#/proc/}
      kill -KILL "\${pid%/environ}"
      rounds=0
    done
  done
  rounds=$((rounds + 1)) tries=$((tries + 1))
  sleep 0.05
done
for directory in $directories; do rm -rf -- "$directory"; done
`

export class Guard {
  readonly #shell: ChildProcess

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], {
      detached: true,
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell.unref()
    // A guard that is gone can't be told: the bench ends its processes itself as long as it lives.
    this.#shell.stdin!.on('error', () => undefined)
  }

  /** To be called before anything with this mark is started. */
  watch(mark: string): void {
    this.#shell.stdin!.write(`mark ${mark}\n`)
  }

  /** A directory to remove if the bench dies. @param path without spaces or line breaks */
  removeAtDeath(path: string): void {
    this.#shell.stdin!.write(`directory ${path}\n`)
  }

  /** All was ended in order. */
  async dismiss(): Promise<void> {
    // Its end is waited for, though it alone keeps nobody running.
    this.#shell.ref()
    const exit = once(this.#shell, 'exit')
    this.#shell.stdin!.end('done\n')
    await exit
  }
}

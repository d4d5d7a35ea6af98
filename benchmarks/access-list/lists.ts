// Access lists of random info hashes, as files.
import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

const hashesAtOnce = 100_000

/** Writes a list of `hashes` random info hashes. */
export function writeList(path: string, hashes: number): void {
  const file = openSync(path, 'w')
  for (let left = hashes; left > 0; left -= hashesAtOnce) {
    const count = Math.min(left, hashesAtOnce)
    const digits = randomFillSync(Buffer.alloc(count * 20)).toString('hex')
    const lines = Array.from({ length: count }, (_, index) => digits.slice(index * 40, index * 40 + 40))
    writeSync(file, `${lines.join('\n')}\n`)
  }
  closeSync(file)
}

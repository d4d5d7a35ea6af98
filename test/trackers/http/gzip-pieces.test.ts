// Files made of pieces are read by decoders that know nothing of pieces.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { GzipPieces } from '../../../src/trackers/http/gzip-pieces.js'
import { canRun } from '../../support/child-process.js'
import { meets } from '../../support/requirement.js'

function pieces(count: number, bytes: number): Buffer[] {
  return Array.from({ length: count }, (_, piece) =>
    Buffer.from(Array.from({ length: bytes }, (_, index) => (index * index + piece * 7) % (200 + piece))),
  )
}

function compress(parts: readonly Buffer[]): Buffer {
  const gzip = new GzipPieces()
  return Buffer.concat([...parts.map(part => gzip.compress(part)), gzip.end()])
}

const cases = [[], [Buffer.alloc(0)], pieces(1, 1), pieces(3, 40_000), pieces(200, 100)]

test('Node reads it', () => {
  for (const parts of cases) assert.deepEqual(gunzipSync(compress(parts)), Buffer.concat(parts))
})

const programs: readonly (readonly [string, readonly string[]])[] = [
  ['gzip', ['-dc']],
  ['python3', ['-c', 'import gzip,sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))']],
]

for (const [program, args] of programs) {
  test(`${program} reads it`, t => {
    if (!meets(t, { [`${program} is not installed`]: !canRun(program, ['--version']) })) return
    for (const parts of cases) {
      assert.deepEqual(execFileSync(program, args, { input: compress(parts) }), Buffer.concat(parts))
    }
  })
}

test('what is cut is not taken for the whole', () => {
  const file = compress(pieces(3, 1000))
  for (const end of [file.length - 1, file.length - 9, 500]) {
    assert.throws(() => gunzipSync(file.subarray(0, end)))
  }
})

// A reload opened whatever stood where the certificate was: with a pipe there, the main thread waited for its writer,
// and with it signals, statistics and the stop; a device without an end was read until memory was full.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { it } from 'node:test'
import { opensslMissing } from '../support/certificates.js'
import { KeptConnection } from '../support/kept-connection.js'
import { meets } from '../support/requirement.js'
import { TlsTracker } from '../support/tls-tracker.js'

it('a reload refuses a pipe, a directory and a device as certificate or key, and takes the next file', async t => {
  if (!meets(t, opensslMissing())) return
  const started = await TlsTracker.start(t, 'node', { commonName: 'before' })
  const good = started.make('good')
  const { certificatePath, keyPath } = started.files
  const kept =
    /"certificate not updated, the old one is kept: .* (is not a regular file|can't be read: it is a directory)\. /
  const puts = [
    (path: string) => execFileSync('mkfifo', [path]),
    (path: string) => mkdirSync(path),
    (path: string) => symlinkSync('/dev/zero', path),
  ]
  let count = 0
  for (const [path, goodPath] of [
    [certificatePath, good.certificatePath],
    [keyPath, good.keyPath],
  ]) {
    for (const put of puts) {
      rmSync(path)
      put(path)
      count++
      assert.ok((await started.reload(kept, count)).includes(path))
      rmSync(path, { recursive: true })
      copyFileSync(goodPath, path)
    }
  }
  await started.reload(/"certificate updated: /)
  const connection = await KeptConnection.tls(t, started.port)
  await connection.announce({ torrent: 1, port: 1000 })
  assert.equal((await started.tracker.stop()).code, 0)
})

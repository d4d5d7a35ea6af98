// `--out`: what can't be written is known before the run, and what is written is whole.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { readDocumentFile } from '../../src/loadtest/report/document.js'
import { checkOut, checkOuts } from '../../src/loadtest/report/out-target.js'
import { writeOuts } from '../../src/loadtest/report/write.js'
import { scratchDirectory } from '../config/scratch.js'
import { sampleDocument } from './sample-result.js'

const rejected = async (
  work: Promise<unknown>,
  code: string,
  message: RegExp,
  remedy: RegExp,
): Promise<void> => {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof AquaticError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.remedy ?? '', remedy)
    return true
  })
}

describe('checkOut', () => {
  it('takes a file by its ending, and a directory by its slash or because it is there', async t => {
    const directory = scratchDirectory(t)
    for (const format of ['json', 'csv', 'html', 'hgrm', 'hlog', 'txt'] as const) {
      const path = join(directory, `result.${format}`)
      assert.deepEqual(await checkOut(path), { kind: 'file', path, format })
    }
    const upper = join(directory, 'RESULT.JSON')
    assert.deepEqual(await checkOut(upper), { kind: 'file', path: upper, format: 'json' })
    assert.deepEqual(await checkOut(directory), { kind: 'directory', path: directory })
    const fresh = `${directory}/new/`
    assert.deepEqual(await checkOut(fresh), { kind: 'directory', path: fresh })
    assert.deepEqual(readdirSync(directory), [])
  })

  it('refuses what can not be written, each with its reason and what to do', async t => {
    const directory = scratchDirectory(t)
    const file = join(directory, 'file.json')
    writeFileSync(file, 'old')
    const full = join(directory, 'full.json')
    symlinkSync('/dev/full', full)
    for (const [path, message, remedy] of [
      [join(directory, 'result'), /its name has no ending/, /\.json, .* or with \//],
      [join(directory, 'result.xml'), /\.xml is no format of results/, /\.hgrm/],
      [join(directory, 'missing/result.json'), /there is no directory /, /^mkdir -p /],
      [join(directory, 'missing/results/'), /there is no directory /, /^mkdir -p /],
      [join(file, 'result.json'), /file\.json is no directory/, /choose another path/],
      [`${file}/`, /file\.json or a part of it is no directory/, /choose another path/],
      [full, /it is a device, a pipe or a socket/, /choose another path/],
    ] as const) {
      await rejected(checkOut(path), 'AQ_OUTPUT', message, remedy)
    }
    const twice = join(directory, 'a.json')
    await rejected(checkOuts([twice, `${directory}/./a.json`]), 'AQ_OUTPUT', /named twice/, /once/)
    assert.equal(readFileSync(file, 'utf8'), 'old')
  })

  it('refuses a directory and a file without the right to write', t => {
    const directory = scratchDirectory(t)
    chmodSync(directory, 0o777)
    const file = join(directory, 'result.json')
    writeFileSync(file, 'old', { mode: 0o444 })
    if (checkedAsNobody(join(directory, 'b.json')) !== 'accepted') return t.skip('nobody can not read dist')
    assert.match(checkedAsNobody(file), /protected against writing \(EACCES\)/)
    chmodSync(directory, 0o555)
    assert.match(checkedAsNobody(join(directory, 'b.json')), /this user can't make files in .*\(EACCES\)/)
    chmodSync(directory, 0o755)
  })
})

/** What `checkOut` says in a process without root's rights: root may write everywhere. */
function checkedAsNobody(path: string): string {
  const module = new URL('../../src/loadtest/report/out-target.js', import.meta.url).href
  const script = `import(${JSON.stringify(module)})
    .then(({ checkOut }) => checkOut(process.argv[1]))
    .then(() => process.stdout.write('accepted'), error => process.stdout.write(error.message))`
  const user = process.geteuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  return execFileSync(process.execPath, ['-e', script, path], { encoding: 'utf8', ...user })
}

describe('writeOuts', () => {
  it('writes each format to its file, over what was there, and leaves nothing beside them', async t => {
    const directory = scratchDirectory(t)
    const document = await sampleDocument()
    const paths = ['a.json', 'b.csv', 'c.html', 'd.hgrm', 'e.hlog', 'f.txt'].map(name =>
      join(directory, name),
    )
    writeFileSync(paths[0], 'old')
    assert.deepEqual(await writeOuts(await checkOuts(paths), document), paths)
    assert.deepEqual(
      readdirSync(directory).sort(),
      paths.map(path => path.slice(directory.length + 1)),
    )
    assert.deepEqual(await readDocumentFile(paths[0]), document)
    const starts = [
      /^second,answered/,
      /^<!doctype html>/,
      /^ +Value +Percentile/,
      /^#\[Logged by/,
      /^udp:\/\//,
    ]
    for (const [index, start] of starts.entries()) assert.match(readFileSync(paths[index + 1], 'utf8'), start)
    // One file of percentiles has all of them, one after another.
    assert.equal(readFileSync(paths[3], 'utf8').match(/Percentile TotalCount/g)?.length, 6)
  })

  it('writes everything into a directory, with a file for each latency', async t => {
    const directory = `${scratchDirectory(t)}/results/`
    const target = await checkOut(directory)
    const written = await writeOuts([target], await sampleDocument({ mode: 'closed' }))
    const names = ['announce', 'connect', 'scrape'].flatMap(kind => [
      `${kind}.service.hgrm`,
      `${kind}.service.hlog`,
    ])
    const all = [...names, 'report.html', 'result.json', 'series.csv', 'summary.txt'].sort()
    assert.deepEqual(readdirSync(directory).sort(), all)
    assert.deepEqual(written.map(path => path.slice(directory.length)).sort(), all)
    const hlog = readFileSync(join(directory, 'announce.service.hlog'), 'utf8')
    assert.deepEqual(hlog.match(/^Tag=[^,]+/gm), ['Tag=announce.service'])
    // Again, into what is there now.
    await writeOuts([await checkOut(directory)], await sampleDocument({ mode: 'closed' }))
    assert.deepEqual(readdirSync(directory).sort(), all)
  })

  it('keeps the others where one can not be written any more, and says which', async t => {
    const directory = scratchDirectory(t)
    const gone = join(directory, 'gone')
    mkdirSync(gone)
    const [first, second, third] = [join(gone, 'a.json'), join(directory, 'b.csv'), join(directory, 'c.txt')]
    const targets = await checkOuts([first, second, third])
    rmSync(gone, { recursive: true })
    symlinkSync('/dev/full', third)
    await assert.rejects(writeOuts(targets, await sampleDocument()), (error: unknown) => {
      assert.ok(error instanceof AquaticError)
      assert.deepEqual([error.code, error.exitCode, error.lines.length], ['AQ_OUTPUT_FAILED', 1, 2])
      assert.match(error.lines[0], /a\.json could not be written: ENOENT/)
      assert.match(error.lines[1], /c\.txt could not be written: .* no regular file/)
      return true
    })
    assert.ok(existsSync(second))
    assert.ok(lstatSync(third).isSymbolicLink())
    assert.deepEqual(readdirSync(directory).sort(), ['b.csv', 'c.txt'])
  })
})

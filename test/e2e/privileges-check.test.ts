// What `config check` says of files behind `[privileges]`, beside what a tracker then does with them. Needs root.

import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { asArguments, drop, idOf, isRoot, scratchRoot } from '../support/privileges.js'
import { startBinary, startTracker } from '../support/tracker-process.js'
import { infoHash } from '../support/udp-messages.js'

type OutputKey = (typeof outputKeys)[number]
const outputKeys = ['statistics.html_file_path', 'statistics.json_file_path', 'scrape_exports.path'] as const

/** Paths as they are configured, and which of them the new user can't use. */
interface Case {
  readonly chroot: string
  readonly page: string
  readonly document: string
  readonly exported: string
  readonly list: string
  readonly unwritten: readonly OutputKey[]
  readonly isListRead: boolean
  /** What the check says of each, in the order of the keys. */
  readonly said: readonly RegExp[]
}

const nobody = { uid: idOf('/etc/passwd', 'nobody'), gid: idOf('/etc/group', 'nogroup') }

/** A directory with these rights. */
function directory(path: string, mode: number, owner: { uid?: number; gid?: number } = {}): string {
  mkdirSync(path)
  chownSync(path, owner.uid ?? 0, owner.gid ?? 0)
  chmodSync(path, mode)
  return path
}

function file(path: string, mode: number): string {
  writeFileSync(path, `${infoHash(1).toString('hex')}\n`)
  chmodSync(path, mode)
  return path
}

/** A scratch directory that everybody may look into. */
function open(t: TestContext): string {
  const path = scratchRoot(t)
  chmodSync(path, 0o755)
  return path
}

interface Found {
  readonly severity: string
  readonly key?: string
  readonly text: string
}

async function assertSameFate(t: TestContext, paths: Case): Promise<void> {
  const settings = {
    ...drop({ chroot_path: paths.chroot }),
    'network.engine': 'native',
    'network.use_ipv6': false,
    'network.address_ipv4': '127.0.0.1:0',
    'network.socket_recv_buffer_size': 0,
    'cleaning.torrent_cleaning_interval': 1,
    'statistics.interval': 1,
    'statistics.print_to_stdout': true,
    'statistics.write_html_to_file': true,
    'statistics.html_file_path': paths.page,
    'statistics.write_json_to_file': true,
    'statistics.json_file_path': paths.document,
    'scrape_exports.enable_scrape_exports': true,
    'scrape_exports.frequency': 1,
    'scrape_exports.path': paths.exported,
    'access_list.mode': 'allow',
    'access_list.path': paths.list,
  }
  const checked = await startBinary(t, ['config', 'check', 'udp', '--json', ...asArguments(settings)], {})
    .ended
  const findings = (JSON.parse(checked.stdout).findings as Found[]).filter(
    ({ severity }) => severity !== 'info',
  )
  const saidOf = (key: string): Found | undefined => findings.find(found => found.key === key)
  const keys = [...outputKeys, 'access_list.path']
  assert.deepEqual(
    keys.filter(key => saidOf(key) !== undefined),
    [...paths.unwritten, ...(paths.isListRead ? [] : ['access_list.path'])],
    checked.stdout,
  )
  assert.deepEqual(
    [...paths.unwritten].map(key => saidOf(key)?.severity),
    paths.unwritten.map(() => 'error'),
  )
  const texts = keys.flatMap(key => saidOf(key)?.text ?? [])
  for (const [index, text] of texts.entries()) assert.match(text, paths.said[index]!)
  assert.equal(texts.length, paths.said.length)

  const tracker = await startTracker(t, { families: [4], settings })
  tracker.process.signal('SIGHUP')
  await tracker.process.waitForLines('stdout', /"access list (updated|unchanged|not updated)/)
  // It comes after page and document of its round; one with an export counted comes after that.
  await tracker.process.waitForLines(
    'stdout',
    /"event":"statistics".*"scrapeExports":\{"(written":[1-9]|written":0,"failed":[1-9])/,
  )
  const { code, stdout } = await tracker.stop()
  assert.equal(code, 0)
  for (const [index, path] of [paths.page, paths.document, paths.exported].entries()) {
    const isSaid = stdout.includes(`can't be written to ${path} (`)
    assert.equal(isSaid, paths.unwritten.includes(outputKeys[index]!), `${path}\n${stdout}`)
    const outside = join(paths.chroot, path)
    // Below another root directory a path may have links that lead elsewhere from here.
    const isSeen = paths.chroot === '/' || existsSync(outside)
    if (!isSaid && isSeen) assert.equal(lstatSync(outside).uid, nobody.uid)
  }
  assert.equal(!/"access list not updated/.test(stdout), paths.isListRead, stdout)
}

describe('config check with [privileges] says what happens', { concurrency: false }, () => {
  it('where all is as it should be', async t => {
    if (!isRoot(t)) return
    const root = open(t)
    const ours = directory(join(root, 'ours'), 0o700, nobody)
    // Its group counts, and a file of somebody else may be replaced.
    const shared = directory(join(root, 'shared'), 0o770, { gid: nobody.gid })
    file(join(shared, 'statistics.json'), 0o600)
    await assertSameFate(t, {
      chroot: '/',
      page: join(ours, 'a', 'b', 'page.html'),
      document: join(shared, 'statistics.json'),
      exported: join(ours, 'export.txt'),
      list: file(join(root, 'list.txt'), 0o644),
      unwritten: [],
      isListRead: true,
      said: [],
    })
  })

  it('where directories are of others', async t => {
    if (!isRoot(t)) return
    const root = open(t)
    const sticky = directory(join(root, 'sticky'), 0o1777)
    const closed = directory(join(root, 'closed'), 0o700)
    await assertSameFate(t, {
      chroot: '/',
      page: join(directory(join(root, 'theirs'), 0o755), 'a', 'page.html'),
      document: file(join(sticky, 'statistics.json'), 0o666),
      exported: join(sticky, 'export.txt'),
      list: file(join(closed, 'list.txt'), 0o644),
      unwritten: ['statistics.html_file_path', 'statistics.json_file_path'],
      isListRead: false,
      said: [
        /user nobody, with no group but nogroup, may not make files in \S+\/theirs \(of user id 0 and group id 0, mode 755\)\.$/,
        /the file of user id 0 that is there can be replaced by its owner alone, as \S+\/sticky is sticky\.$/,
        /list\.txt can't be read at a reload: user nobody, .* may not look into \S+\/closed \(.*mode 700\)\.$/,
      ],
    })
  })

  it('where the owner may less than others, something is no directory, or no file can be read', async t => {
    if (!isRoot(t)) return
    const root = open(t)
    const shut = directory(join(root, 'shut'), 0o077, nobody)
    const ours = directory(join(root, 'ours'), 0o700, nobody)
    await assertSameFate(t, {
      chroot: '/',
      page: join(shut, 'page.html'),
      document: join(file(join(root, 'file'), 0o666), 'statistics.json'),
      exported: join(ours, 'none', 'export.txt'),
      list: file(join(root, 'list.txt'), 0o600),
      unwritten: outputKeys,
      isListRead: false,
      said: [
        /may not make files in \S+\/shut|may not look into \S+\/shut/,
        /\/file is no directory\.$/,
        /there is no directory \S+\/none\.$/,
        /may not read it \(.*mode 600\)\.$/,
      ],
    })
  })

  it('below another root directory, where links lead elsewhere', async t => {
    if (!isRoot(t)) return
    const [root, outside] = [open(t), open(t)]
    directory(join(root, 'real'), 0o700, nobody)
    symlinkSync('/real', join(root, 'via'))
    // What is there outside is not there inside.
    symlinkSync(directory(join(outside, 'elsewhere'), 0o777), join(root, 'away'))
    symlinkSync('/real', join(root, 'real', 'export.txt'))
    await assertSameFate(t, {
      chroot: root,
      page: '/via/page.html',
      document: '/away/statistics.json',
      exported: '/via/export.txt',
      list: file(join(outside, 'list.txt'), 0o644),
      unwritten: ['statistics.json_file_path', 'scrape_exports.path'],
      isListRead: false,
      said: [
        /\/away\/statistics\.json can't be written: the link \S+\/away leads nowhere\.$/,
        /\/via\/export\.txt can't be written: it is a directory\.$/,
        /there is no \S+, as paths begin at privileges\.chroot_path then\.$/,
      ],
    })
    assert.ok(existsSync(join(root, 'real', 'page.html')))
    assert.ok(!existsSync(join(root, dirname(outside), 'list.txt')))
  })
})

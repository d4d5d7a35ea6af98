import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contenderList, type ListedContender } from '../../src/bench/report/contender-list.js'

const here = (key: string, version: string): ListedContender => ({
  ...{ key, name: `${key} (C)`, found: true, version, path: `/usr/bin/${key}`, reason: null, remedy: null },
})
const missing = (key: string, reason: string, remedy: string): ListedContender => ({
  ...{ key, name: key, found: false, version: null, path: null, reason, remedy },
})
const listed = [
  here('opentracker', '0.0~git20210823.110868e-3 (Debian)'),
  missing(
    'wt-tracker',
    'no wt-tracker in PATH',
    'git clone it, there npm install, then --path wt-tracker=FILE',
  ),
  missing(
    'chihaya',
    `${'/far'.repeat(60)}/chihaya is not an executable file (ENOENT)`,
    '--path chihaya=FILE',
  ),
]
const widthsOf = (text: string): number[] => text.split('\n').map(line => line.length)

describe('the list of contenders', () => {
  it('has who is here first, and how to get the others on lines of their own', () => {
    assert.equal(
      contenderList(listed.slice(0, 2), 80),
      `contender        key          version
${'─'.repeat(80)}
opentracker (C)  opentracker  0.0~git20210823.110868e-3 (Debian)

not here         key          why
${'─'.repeat(80)}
wt-tracker       wt-tracker   no wt-tracker in PATH
  git clone it, there npm install, then --path wt-tracker=FILE
`,
    )
  })

  it('fits every terminal of 40 columns and more', () => {
    for (let columns = 40; columns <= 240; columns++) {
      assert.equal(Math.max(...widthsOf(contenderList(listed, columns))), columns)
    }
    assert.equal(Math.max(...widthsOf(contenderList(listed, 10))), 40)
  })

  it('takes a terminal that does not say how wide it is for one of 80 columns', () => {
    const usual = contenderList(listed, 80)
    assert.deepEqual([contenderList(listed), contenderList(listed, 0)], [usual, usual])
  })

  it('breaks text below a label where there is no room beside it', () => {
    assert.match(
      contenderList(listed, 40),
      /^wt-tracker +wt-tracker\n {2}no wt-tracker in PATH\n {2}git clone/m,
    )
  })

  it('without anybody missing has one table', () => {
    assert.equal(contenderList(listed.slice(0, 1)).includes('not here'), false)
  })
})

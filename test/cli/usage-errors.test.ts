// What oclif says of a mistake on several lines is one sentence here, and --json has all of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runAquatic } from './run.js'

const mistakes: readonly (readonly [args: readonly string[], sentence: RegExp | string])[] = [
  [['bench', '--blocks', '0'], '--blocks: Expected an integer greater than or equal to 1 but received: 0'],
  [['bench', '--blocks', 'x'], '--blocks: Expected an integer but received: x'],
  [['bench', '--cpu-mode', 'x'], /^Expected --cpu-mode=x to be one of: /],
  [['loadtest', 'compare'], /^Missing 2 required args: \w+ \S/],
  [
    ['config', 'print', 'udp', '--origin'],
    /^All of the following must be provided when using --origin: --effective$/,
  ],
]

for (const [args, sentence] of mistakes) {
  test(args.join(' '), async () => {
    const plain = await runAquatic(args)
    assert.deepEqual([plain.exitCode, plain.stdout], [2, ''])
    const [, said, id] = /^error: (.*)\n {2}try: aquatic (.*) --help\n$/.exec(plain.stderr) ?? []
    assert.ok(said !== undefined, plain.stderr)
    if (typeof sentence === 'string') assert.equal(said, sentence)
    else assert.match(said, sentence)
    assert.ok(args.join(' ').startsWith(id!), id)
    const json = await runAquatic([...args, '--json'])
    assert.deepEqual([json.exitCode, json.stderr], [2, ''])
    assert.deepEqual(JSON.parse(json.stdout), { error: { code: 'AQ_USAGE', message: said } })
  })
}

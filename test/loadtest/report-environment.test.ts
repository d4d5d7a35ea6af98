// What a result says about the machine, of one made of texts and of this one.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readCommit, readEnvironment } from '../../src/loadtest/report/environment.js'
import { machineOf } from '../config/machine/machines.js'
import { scratchDirectory } from '../config/scratch.js'

const vulnerabilities = '/sys/devices/system/cpu/vulnerabilities'

describe('readEnvironment', () => {
  it('reads what the system tells', async () => {
    const environment = await readEnvironment(
      '1.2.3',
      machineOf({
        processors: 3,
        memoryBytes: 2 ** 31,
        files: {
          '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave\n',
          '/proc/cpuinfo': 'model name\t: X\nflags\t\t: fpu vme hypervisor lm\n',
          '/proc/sys/net/core/rmem_max': '212992\n',
          '/proc/sys/net/core/wmem_max': '4194304\n',
          '/proc/self/limits': 'Limit\nMax open files            1024                 4096        files\n',
          [`${vulnerabilities}/spectre_v2`]: 'Mitigation: Retpolines\n',
          [`${vulnerabilities}/mds`]: 'Not affected\n',
          [`${vulnerabilities}/meltdown`]: 'Vulnerable\n',
        },
      }),
    )
    assert.deepEqual(
      {
        version: environment.aquaticVersion,
        governor: environment.governor,
        isVirtualised: environment.isVirtualised,
        usable: environment.processorsUsable,
        memory: environment.memoryBytes,
        buffers: [environment.receiveBufferMaxBytes, environment.sendBufferMaxBytes],
        files: environment.openFilesMax,
        mitigations: environment.mitigations,
      },
      {
        version: '1.2.3',
        governor: 'powersave',
        isVirtualised: true,
        usable: 3,
        memory: 2 ** 31,
        buffers: [212_992, 4_194_304],
        files: 1024,
        mitigations: { meltdown: 'Vulnerable', spectre_v2: 'Mitigation: Retpolines' },
      },
    )
  })

  it('has null for what is not told', async () => {
    const { governor, isVirtualised, receiveBufferMaxBytes, openFilesMax, mitigations } =
      await readEnvironment('1', machineOf({}))
    assert.deepEqual(
      [governor, isVirtualised, receiveBufferMaxBytes, openFilesMax, mitigations],
      [null, null, null, null, {}],
    )
    const files = {
      '/proc/cpuinfo': 'Features : fp asimd\n',
      '/proc/self/limits': 'Max open files unlimited\n',
    }
    const arm = await readEnvironment('1', machineOf({ files }))
    assert.deepEqual([arm.isVirtualised, arm.openFilesMax], [null, null])
  })

  it('reads this machine', async () => {
    const environment = await readEnvironment('1')
    assert.equal(environment.nodeVersion, process.version)
    assert.ok(environment.processors > 0 && environment.memoryBytes > 0)
    assert.equal(environment.loadAverages.length, 3)
  })
})

describe('readCommit', () => {
  it('is that of a checkout, marked where files differ, and null elsewhere', async t => {
    const directory = scratchDirectory(t)
    assert.equal(await readCommit(directory), null)
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
        encoding: 'utf8',
      })
    git('init', '-q')
    writeFileSync(join(directory, 'file'), 'old')
    git('add', 'file')
    git('commit', '-qm', 'first')
    git('tag', 'v1')
    const commit = git('rev-parse', 'HEAD').trim()
    assert.equal(await readCommit(directory), commit)
    writeFileSync(join(directory, 'file'), 'new')
    assert.equal(await readCommit(directory), `${commit}-dirty`)
    // A directory below a checkout is not that checkout.
    assert.equal(await readCommit(join(directory, '.git')), null)
  })
})

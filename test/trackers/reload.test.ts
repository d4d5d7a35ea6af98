import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { AquaticError, type Doubt } from '../../src/errors.js'
import { type Reloaded, Reloader } from '../../src/trackers/reload.js'

/** One turn of the event loop. */
const turn = promisify(setImmediate)

/** Loads that the test ends. */
class Loads {
  readonly what = 'access list'
  begun = 0
  doubtful: Doubt | undefined
  end: (answer: string | Error) => void = () => assert.fail('no load is under way')

  doubt(): Doubt | undefined {
    return this.doubtful
  }

  reload(): Promise<Reloaded> {
    this.begun++
    return new Promise((resolve, reject) => {
      this.end = answer =>
        answer instanceof Error ? reject(answer) : resolve({ change: 'updated', found: answer })
    })
  }
}

function setUp(loads: readonly Loads[]): { reloader: Reloader; heard: string[]; failures: Error[] } {
  const heard: string[] = []
  const failures: Error[] = []
  const reloader = new Reloader({
    reloadables: loads,
    service: { notifyReloading: () => heard.push('reloading'), notifyReady: () => heard.push('ready') },
    onEvent: event => heard.push('text' in event ? `${event.event}: ${event.text}` : event.event),
    onFailure: error => failures.push(error),
  })
  return { reloader, heard, failures }
}

describe('reloader', () => {
  it('loads once for each request, and once more for all that come during a load', async () => {
    const loads = new Loads()
    const { reloader, heard } = setUp([loads])
    reloader.request()
    reloader.request()
    reloader.request()
    assert.equal(loads.begun, 1)
    loads.end('1 info hash')
    await turn()
    assert.equal(loads.begun, 2)
    loads.end('2 info hashes')
    await turn()
    assert.equal(loads.begun, 2)
    const first = ['reloading', 'notice: access list updated: 1 info hash', 'ready']
    const second = ['reloading', 'notice: access list updated: 2 info hashes', 'ready']
    assert.deepEqual(heard, [...first, ...second])
    assert.deepEqual(reloader.counts(), [{ what: 'access list', updated: 2, kept: 0 }])
    reloader.request()
    assert.equal(loads.begun, 3)
  })

  it('says what went wrong and that the old one is kept, goes on, and can load again', async () => {
    const [first, second] = [new Loads(), new Loads()]
    const { reloader, heard } = setUp([first, second])
    reloader.request()
    first.end(new AquaticError('AQ_ACCESS_LIST', 'list:4: wrong', { remedy: 'Mend it.' }))
    await turn()
    second.end('fine')
    await turn()
    assert.deepEqual(heard, [
      'reloading',
      'warning: access list not updated, the old one is kept: list:4: wrong. Mend it.',
      'notice: access list updated: fine',
      'ready',
    ])
    const counts = { what: 'access list', updated: 0, kept: 0 }
    assert.deepEqual(reloader.counts(), [
      { ...counts, kept: 1 },
      { ...counts, updated: 1 },
    ])
    reloader.request()
    assert.equal(first.begun, 2)
  })

  it('warns of what is doubtful, at start and instead of the notice at a reload', async () => {
    const [sound, doubtful] = [new Loads(), new Loads()]
    const { reloader, heard } = setUp([sound, doubtful])
    doubtful.doubtful = { text: 'list is empty: no torrent is refused', remedy: 'put hashes into it' }
    reloader.sayDoubts()
    const why = 'list is empty: no torrent is refused. Put hashes into it'
    assert.deepEqual(heard.splice(0), [`warning: the access list ${why}`])
    reloader.request()
    sound.end('fine')
    await turn()
    doubtful.end('0 info hashes')
    await turn()
    assert.deepEqual(heard.slice(1, 3), [
      'notice: access list updated: fine',
      `warning: access list updated: ${why}`,
    ])
    assert.deepEqual(reloader.counts()[1], { what: 'access list', updated: 1, kept: 0 })
  })

  it('answers the service manager where there is nothing to reload', async () => {
    const { reloader, heard } = setUp([])
    reloader.request()
    await turn()
    assert.deepEqual(heard, [
      'reloading',
      'notice: there is nothing to reload: no access list and no certificate is in use',
      'ready',
    ])
  })

  it('says nothing after its end', async () => {
    const loads = new Loads()
    const { reloader, heard } = setUp([loads])
    reloader.request()
    reloader.request()
    reloader.close()
    loads.end(new AquaticError('AQ_ACCESS_LIST', 'the thread ended'))
    await turn()
    reloader.request()
    assert.deepEqual(heard, ['reloading'])
    assert.equal(loads.begun, 1)
  })

  it('does not hide a mistake in the program', async () => {
    const loads = new Loads()
    const { reloader, failures } = setUp([loads])
    reloader.request()
    loads.end(new TypeError('x is not a function'))
    await turn()
    assert.equal(failures.length, 1)
  })
})

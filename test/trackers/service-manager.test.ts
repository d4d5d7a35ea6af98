import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  connectServiceManager,
  ServiceManager,
  watchdogIntervalMs,
} from '../../src/trackers/service-manager.js'

interface Recorder {
  readonly messages: string[]
  readonly said: string[]
  /** Resolves with the next message or sentence that matches and is not there yet. */
  next(pattern: RegExp): Promise<void>
}

function manage(watchdogMs?: number): {
  service: ServiceManager
  recorder: Recorder
  fail: (is: boolean) => void
} {
  const messages: string[] = []
  const said: string[] = []
  const waiting: { pattern: RegExp; resolve: () => void }[] = []
  let isFailing = false
  const heard = (list: string[]) => (text: string) => {
    list.push(text)
    for (const { pattern, resolve } of waiting) if (pattern.test(text)) resolve()
  }
  const channel = {
    send: (text: string) => {
      if (isFailing) throw new Error('connect: ECONNREFUSED')
      heard(messages)(text)
    },
    close: () => undefined,
  }
  const next = (pattern: RegExp): Promise<void> => new Promise(resolve => waiting.push({ pattern, resolve }))
  const fail = (is: boolean): void => {
    isFailing = is
  }
  return {
    service: new ServiceManager(channel, watchdogMs, heard(said)),
    recorder: { messages, said, next },
    fail,
  }
}

describe('service manager', () => {
  it('hears of start, reload and stop', () => {
    const { service, recorder } = manage()
    service.notifyReady('listening udp 127.0.0.1:3000')
    const before = process.hrtime.bigint() / 1000n
    service.notifyReloading()
    service.notifyReady()
    service.notifyStopping()
    service.close()
    const ready = `READY=1\nMAINPID=${process.pid}\nSTATUS=listening udp 127.0.0.1:3000`
    assert.equal(recorder.messages[0], ready)
    const reloading = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading$/.exec(recorder.messages[1])
    assert.ok(reloading !== null && BigInt(reloading[1]) >= before, recorder.messages[1])
    assert.equal(recorder.messages[2], ready)
    assert.equal(recorder.messages[3], 'STOPPING=1\nSTATUS=stopping')
  })

  it('hears every ten seconds how things are, until the end', t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const { service, recorder } = manage()
    let peers = 1
    const sources = { beats: () => [], nameOf: String, beatIntervalMs: 50, status: () => `${peers} peers` }
    service.notifyReady('listening')
    service.watch(sources)
    t.mock.timers.tick(10_000)
    peers = 2
    t.mock.timers.tick(10_000)
    service.notifyStopping()
    t.mock.timers.tick(20_000)
    assert.deepEqual(recorder.messages.slice(1, -1), [
      'STATUS=listening; 1 peers',
      'STATUS=listening; 2 peers',
    ])
  })

  it('gets a sign of life while every worker makes progress, and none while one hangs', async () => {
    const { service, recorder } = manage(5)
    let [first, second, isSecondStuck] = [0, 0, false]
    const beats = (): number[] => [first++, isSecondStuck ? second : second++]
    service.watch({ beats, nameOf: index => `socket-0${index + 1}`, beatIntervalMs: 1, status: () => '' })
    const anchor = setInterval(() => undefined, 1000)
    await recorder.next(/^WATCHDOG=1$/)
    isSecondStuck = true
    await recorder.next(/^worker socket-02 makes no progress/)
    // STATUS, every ten seconds, may come in between on a machine that is stopped so long.
    const signsOfLife = (): number => recorder.messages.filter(text => text === 'WATCHDOG=1').length
    const signs = signsOfLife()
    const stillStuck = new Promise<void>(resolve => {
      const looks = setInterval(() => {
        if (first < 2 * signs + 20) return
        clearInterval(looks)
        resolve()
      }, 1)
    })
    await stillStuck
    assert.equal(signsOfLife(), signs)
    assert.equal(recorder.said.length, 1, 'said once')
    isSecondStuck = false
    await recorder.next(/^WATCHDOG=1$/)
    service.close()
    clearInterval(anchor)
  })

  it('says once that it can not be reached, and again after it could', () => {
    const { service, recorder, fail } = manage()
    fail(true)
    service.notifyReady('listening')
    service.notifyReloading()
    assert.deepEqual(recorder.said, [
      "the service manager can't be told (NOTIFY_SOCKET): connect: ECONNREFUSED",
    ])
    fail(false)
    service.notifyReady()
    fail(true)
    service.notifyStopping()
    assert.equal(recorder.said.length, 2)
  })

  it('asks for signs of life in half of WATCHDOG_USEC, where it means this process', () => {
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' }, 7), 15_000)
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 15_000)
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), undefined)
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '0' }, 7), undefined)
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: 'soon' }, 7), undefined)
    assert.equal(watchdogIntervalMs({}, 7), undefined)
  })

  it('is not missed where there is none, and a wrong name is said once', async () => {
    const events: string[] = []
    const sink = (event: { event: string }): unknown => events.push(event.event)
    const without = await connectServiceManager({}, sink)
    without.notifyReady('listening')
    assert.deepEqual(events, [])
    for (const name of ['relative', '/no/such/socket', 'vsock:2:1', `@${'x'.repeat(200)}`]) {
      const service = await connectServiceManager({ NOTIFY_SOCKET: name }, sink)
      service.notifyReady('listening')
      service.notifyStopping()
      service.close()
    }
    assert.deepEqual(events, ['notice', 'notice', 'notice', 'notice'])
  })
})

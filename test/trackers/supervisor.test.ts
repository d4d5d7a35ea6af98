import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { locksHeldBy } from '../../src/swarm/lock.js'
import { createSwarmMemory } from '../../src/swarm/memory.js'
import { Supervisor } from '../../src/trackers/supervisor.js'

interface Setup {
  supervisor: Supervisor<number>
  /** Resolves with the first `count` restarts, as `name: reason`. */
  restarts: (count: number) => Promise<string[]>
  /** `ended 0` and `restarted` in their order. */
  order: string[]
}

function supervise(behaviour: string, locksHeldBy: () => number = () => 0, restartObstacle?: string): Setup {
  const runs = new SharedArrayBuffer(4)
  const beats = new SharedArrayBuffer(4)
  const seen: string[] = []
  const order: string[] = []
  const waiting: { count: number; resolve: (seen: string[]) => void }[] = []
  const supervisor = new Supervisor<number>({
    workerFile: new URL('../fixtures/supervised-worker.js', import.meta.url),
    namePrefix: 'socket',
    workerDataFor: () => ({ behaviour, runs, beats }),
    // Others do not beat, and are not watched.
    ...(behaviour.startsWith('hang') ? { beats: () => [Atomics.load(new Int32Array(beats), 0)] } : {}),
    lookIntervalMs: 50,
    onHang: name => order.push(`${name} hangs`),
    locksHeldBy,
    restartObstacle: () => restartObstacle,
    onEnd: workerIndex => order.push(`ended ${workerIndex}`),
    onRestart: (name, reason) => {
      order.push('restarted')
      seen.push(`${name}: ${reason}`)
      for (const { count, resolve } of waiting) if (seen.length >= count) resolve([...seen])
    },
  })
  const restarts = (count: number): Promise<string[]> =>
    new Promise(resolve => {
      if (seen.length >= count) resolve([...seen])
      else waiting.push({ count, resolve })
    })
  return { supervisor, restarts, order }
}

const hasCode =
  (code: string, text: RegExp) =>
  (error: unknown): boolean =>
    error instanceof AquaticError && error.code === code && text.test(error.message)

describe('supervisor', () => {
  it('names workers socket-01, socket-02, …', () => {
    const { supervisor } = supervise('serve')
    assert.equal(supervisor.nameOf(0), 'socket-01')
    assert.equal(supervisor.nameOf(11), 'socket-12')
  })

  it('starts a worker, hears that it is ready and ends it', async () => {
    const { supervisor } = supervise('serve')
    assert.equal(await supervisor.start(0), 0)
    await supervisor.stop()
    await supervisor.stop()
  })

  it('restarts a worker that throws, and says so', async () => {
    const { supervisor, restarts, order } = supervise('throw-twice')
    await supervisor.start(0)
    assert.deepEqual(await restarts(2), ['socket-01: broken in run 0', 'socket-01: broken in run 1'])
    await supervisor.stop()
    // What an ended thread left behind is cleared away before its successor starts.
    assert.deepEqual(order, ['ended 0', 'restarted', 'ended 0', 'restarted', 'ended 0'])
  })

  it('ends a worker that hangs, and starts it again', async () => {
    const { supervisor, restarts, order } = supervise('hang-once')
    await supervisor.start(0)
    assert.deepEqual(await restarts(1), ['socket-01: it hung'])
    assert.deepEqual(order, ['socket-01 hangs', 'ended 0', 'restarted'])
    await supervisor.stop()
  })

  it('is not kept from stopping by one that hangs, and leaves it ended', async () => {
    const { supervisor, order } = supervise('hang')
    await supervisor.start(0)
    await supervisor.stop()
    assert.deepEqual(order, ['socket-01 hangs', 'ended 0'])
  })

  it('ends when a worker hangs while it holds a lock', async () => {
    const { supervisor } = supervise('hang', () => 1)
    await supervisor.start(0)
    await assert.rejects(
      supervisor.failed,
      hasCode('AQ_WORKER_DIED_WITH_LOCK', /socket-01 ended while it held a lock .*: it hung/),
    )
    await supervisor.terminate()
  })

  it('gives up on one that keeps throwing, naming it', async () => {
    const { supervisor, restarts } = supervise('throw-always')
    await supervisor.start(3)
    await assert.rejects(
      supervisor.failed,
      hasCode('AQ_WORKER_FAILED', /socket-04 keeps failing: broken in run 5/),
    )
    assert.equal((await restarts(5)).length, 5)
    await supervisor.stop()
  })

  it('ends when a killed worker still holds a lock', async () => {
    const { supervisor } = supervise('serve', () => 1)
    await supervisor.start(0)
    await supervisor.kill(0)
    await assert.rejects(supervisor.failed, hasCode('AQ_WORKER_DIED_WITH_LOCK', /socket-01/))
    await supervisor.stop()
  })

  it('ends all threads at once after a lock was left behind', async () => {
    const memory = createSwarmMemory({
      memoryLimitBytes: 2 ** 20,
      maxPeerAgeSeconds: 100,
      cleaningIntervalSeconds: 100,
      shardCount: 1,
    })
    const supervisor = new Supervisor<number>({
      workerFile: new URL('../fixtures/lock-holding-worker.js', import.meta.url),
      namePrefix: 'socket',
      workerDataFor: workerIndex => ({ workerIndex, memory }),
      locksHeldBy: workerIndex => locksHeldBy(memory, workerIndex + 1),
      onRestart: () => undefined,
    })
    // The first takes the lock and waits; the second waits for the lock.
    await supervisor.start(0)
    await supervisor.start(1)
    await supervisor.kill(0)
    await assert.rejects(supervisor.failed, hasCode('AQ_WORKER_DIED_WITH_LOCK', /socket-01/))
    await supervisor.terminate()
  })

  it('ends at the first failure where a worker can not be started again', async () => {
    const { supervisor } = supervise('throw-twice', () => 0, 'its files are gone')
    await supervisor.start(0)
    await assert.rejects(
      supervisor.failed,
      hasCode('AQ_WORKER_FAILED', /socket-01 failed: broken in run 0\. .* again: its files are gone\./),
    )
    await supervisor.stop()
  })

  it('releases workers that wait, and does not wait for one that ended', async () => {
    const { supervisor } = supervise('wait-for-release')
    await Promise.all([supervisor.start(0), supervisor.start(1)])
    await supervisor.release()
    await supervisor.stop()
    const { supervisor: other } = supervise('serve')
    await other.start(0)
    // This one takes any message for the end.
    await other.release()
    await other.stop()
  })

  it('restarts a killed worker that holds none', async () => {
    const { supervisor, restarts } = supervise('serve')
    await supervisor.start(0)
    await supervisor.kill(0)
    assert.deepEqual(await restarts(1), ['socket-01: ended with exit code 1'])
    await supervisor.stop()
  })

  it('passes on why a worker refuses to start', async () => {
    const { supervisor } = supervise('refuse')
    await assert.rejects(supervisor.start(0), hasCode('AQ_BIND_IN_USE', /port taken/))
  })

  it('rejects the start of a worker that throws before it is ready', async () => {
    const { supervisor } = supervise('throw-at-start')
    await assert.rejects(supervisor.start(0), hasCode('AQ_WORKER_FAILED', /socket-01.*cannot start/))
  })
})

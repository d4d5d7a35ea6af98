// What the document of a load test says of a contender.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { saturationOf, silenceText, unkeptConnections, wrongAnswersIn } from '../../src/bench/answers.js'
import { keepsConnections, workloads } from '../../src/bench/workloads.js'
import type { LoadTestDocument } from '../../src/loadtest/report/document.js'

type Answers = Parameters<typeof wrongAnswersIn>[0]

const listsItself = 'announce answer wrong: the announcer itself among the peers'
const fewCounted = 'announce answer wrong: 31 peers of 30'
const tooMany = 'announce answer wrong: more than the 30 peers that were asked for'

function answers(
  verifiedWrong: number,
  remarks: LoadTestDocument['remarks'],
  outcomes: { malformed?: number; wrongType?: number } = {},
): Answers {
  const kinds = [{ outcomes: { malformed: 0, wrongType: 0, ...outcomes } }]
  return { counts: { verified: 1000, verifiedWrong }, remarks, kinds } as unknown as Answers
}

describe('wrong answers', () => {
  it('are none where none was found', () => {
    assert.deepEqual(wrongAnswersIn(answers(0, [])), { count: 0, reason: null, excessShare: 0 })
  })

  it('are told with what is wrong with most', () => {
    assert.deepEqual(wrongAnswersIn(answers(8, [[fewCounted, 9]])), {
      count: 8,
      reason: `8 of 1000 answers that were looked at were wrong (${fewCounted})`,
      excessShare: 0,
    })
  })

  it('are no fault where they are the known way of a tracker, and others beside them are', () => {
    assert.equal(wrongAnswersIn(answers(400, [[listsItself, 700]]), [listsItself]).count, 0)
    const both = answers(400, [
      [listsItself, 700],
      [fewCounted, 3],
    ])
    assert.match(wrongAnswersIn(both, [listsItself]).reason!, /^3 of 1000 .*31 peers/)
    assert.equal(wrongAnswersIn(both).count, 400)
  })

  it('are none where more peers came than were asked for, which is told of', () => {
    const { count, reason, excessShare } = wrongAnswersIn(answers(740, [[tooMany, 900]]))
    assert.deepEqual([count, reason, excessShare], [0, null, 0.74])
    const both = answers(743, [
      [tooMany, 740],
      [fewCounted, 3],
    ])
    assert.match(wrongAnswersIn(both).reason!, /^3 of 1000 .*31 peers of 30/)
  })

  it('that are of no protocol count without a closer look', () => {
    const { count, reason } = wrongAnswersIn(answers(0, [], { malformed: 2, wrongType: 1 }))
    assert.deepEqual([count, reason], [3, '3 answers were none of the protocol'])
  })
})

describe('connections that are to be kept', () => {
  const documentOf = (connectionsOpened: number, answered: number): Parameters<typeof unkeptConnections>[0] =>
    ({
      counts: { connectionsOpened },
      kinds: [
        { kind: 'connect', outcomes: { answered: connectionsOpened } },
        { kind: 'announce', outcomes: { answered } },
      ],
    }) as unknown as Parameters<typeof unkeptConnections>[0]

  it('are told of where one in two or more was closed', () => {
    assert.match(
      unkeptConnections(documentOf(1000, 1000))!,
      /^it closes each connection .*1000 of them for 1000/,
    )
    assert.notEqual(unkeptConnections(documentOf(501, 1000)), null)
    assert.equal(unkeptConnections(documentOf(500, 1000)), null)
    assert.equal(unkeptConnections(documentOf(0, 0)), null)
  })

  it('are asked for in some workloads', () => {
    const kept = workloads.filter(keepsConnections).map(({ key }) => key)
    assert.deepEqual(kept, ['http-keep-alive', 'https-keep-alive'])
  })
})

describe('silence', () => {
  it('is told with what the tracker said instead', () => {
    const remarks = [['announce refused: not authorized', 7]] as const
    assert.equal(
      silenceText({ warnings: ['None of 7 requests was answered.'], remarks }),
      'None of 7 requests was answered (announce refused: not authorized)',
    )
  })
})

describe('responses', () => {
  const outcomes = (answered: number) => ({ answered, refused: 0, timedOut: 0 })
  const documentOf = (protocol: 'udp' | 'http' | 'ws'): LoadTestDocument => {
    const kinds = [
      { kind: 'connect', outcomes: outcomes(1000) },
      { kind: 'announce', outcomes: outcomes(1000) },
    ]
    return {
      plan: { protocol },
      startedAt: '2026-01-01T00:00:00.000Z',
      measuredSeconds: 2,
      counts: { peersReceived: 0, bytesReceived: 0 },
      kinds,
      selfCheck: { processorSeconds: 1, stealShare: 0 },
    } as unknown as LoadTestDocument
  }
  const watch = { between: () => ({ userMs: 4, systemMs: 6 }) }

  it('over UDP are those to connects too', () => {
    const { responsesPerSecond, userUs, systemUs } = saturationOf(documentOf('udp'), watch, 1)
    assert.deepEqual([responsesPerSecond, userUs, systemUs], [1000, 2, 3])
  })

  it('over HTTP and WebTorrent are not the connections that they come over', () => {
    for (const protocol of ['http', 'ws'] as const) {
      const { responsesPerSecond, userUs, systemUs } = saturationOf(documentOf(protocol), watch, 1)
      assert.deepEqual([responsesPerSecond, userUs, systemUs], [500, 4, 6])
    }
  })
})

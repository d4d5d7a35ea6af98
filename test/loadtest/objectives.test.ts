// Objectives: how they are written, and what keeps and misses them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseObjective } from '../../src/config/objective.js'
import { kindsOf } from '../../src/loadtest/kinds.js'
import { judgeLiveObjectives, judgeObjectives, objectivesOf } from '../../src/loadtest/objectives.js'
import type { KindFigures, ObjectiveResult } from '../../src/loadtest/result.js'
import { announcesOf, latencyOf, resultOf } from './plans.js'

function judge(text: string, kinds: readonly KindFigures[], verifiedWrong = 0): ObjectiveResult {
  const { counts } = resultOf()
  const [result] = judgeObjectives(objectivesOf([text], 'ws'), {
    plan: { ...resultOf().plan, protocol: 'ws' },
    kinds,
    counts: { ...counts, verifiedWrong },
  })
  return result
}

const isMet = (text: string, kinds: readonly KindFigures[]): boolean => judge(text, kinds).isMet

function problemOf(text: string): string {
  const parsed = parseObjective(text, kindsOf.udp)
  return 'problem' in parsed ? parsed.problem : assert.fail(`${text} is an objective`)
}

/** 900 at 1 ms, 90 at 4 ms, 9 at 8 ms, 1 at 20 ms. */
const spread = latencyOf({
  count: 1000,
  buckets: [
    [1000, 900],
    [4000, 90],
    [8000, 9],
    [20_000, 1],
  ],
  meanUs: 1352,
})
const announces = announcesOf({
  response: spread,
  service: latencyOf({ buckets: [[500, 1000]], meanUs: 500 }),
})

describe('objectives', () => {
  it('name kind, metric, comparison and limit', () => {
    assert.deepEqual(parseObjective(' announce.service.p99.9 <= 500us ', kindsOf.udp), {
      objective: {
        text: 'announce.service.p99.9 <= 500us',
        kind: 'announce',
        metric: { name: 'percentile', share: 0.999, clock: 'service' },
        comparison: '<=',
        limit: 500,
      },
    })
  })

  it('with a mistake are answered with what is meant', () => {
    assert.match(
      problemOf('announce.p9x<5ms'),
      /There is no metric announce\.p9x\. Did you mean announce\.p90\?/,
    )
    assert.match(problemOf('anounce.p99<5ms'), /Did you mean announce\.p99\?/)
    assert.match(problemOf('offer.p99<5ms'), /There is no metric offer\.p99/)
    assert.match(problemOf('latency<5ms'), /Metrics are p50, .* wrong, alone or as connect\.p99/)
    assert.match(problemOf('p99<5'), /with its unit, such as p99<5ms/)
    assert.match(problemOf('p99<5%'), /with its unit/)
    assert.match(problemOf('loss<5ms'), /such as loss<0\.1%/)
    assert.match(problemOf('loss<101%'), /such as loss/)
    assert.match(problemOf('loss.service<1%'), /no metric/)
    assert.match(problemOf('service.loss<1%'), /leave service away/)
    assert.match(problemOf('announce.wrong<1'), /write wrong<1/)
    assert.match(problemOf('rate>=fast'), /such as rate>=50k/)
    assert.match(problemOf('p0<5ms'), /no metric/)
    assert.match(problemOf('p99=5ms'), /Write a metric/)
  })

  it('are answered for any text', () => {
    const words = fc.constantFrom(
      'announce',
      'p99',
      '.',
      '<',
      '>=',
      '5',
      'ms',
      'loss',
      '%',
      'service',
      ' ',
      'constructor',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 9 }), parts => {
        const parsed = parseObjective(parts.join(''), kindsOf.ws)
        if ('problem' in parsed) assert.match(parsed.problem, /[.?]$/)
        else assert.ok(parsed.objective.limit >= 0)
      }),
    )
  })

  it('are judged by percentiles of the planned instant, and of the sending where asked', () => {
    assert.deepEqual(judge('announce.p90<=1ms', [announces]), {
      text: 'announce.p90<=1ms',
      isMet: true,
      measured: 1000,
    })
    assert.ok(!isMet('announce.p90<1ms', [announces]))
    assert.equal(judge('p99.9<10ms', [announces]).measured, 8000)
    assert.equal(judge('p95<10ms', [announces]).measured, 4000)
    assert.equal(judge('max<10ms', [announces]).measured, 20_000)
    assert.equal(judge('service.max<1ms', [announces]).measured, 500)
    assert.equal(judge('mean<2ms', [announces]).measured, 1352)
    assert.equal(
      judge('p50<1s', [{ ...announces, response: null }]).measured,
      500,
      'a closed loop has no plan',
    )
  })

  it('without a kind are about all that is asked, which relayed offers are not', () => {
    const slow = latencyOf({ count: 1000, buckets: [[50_000, 1000]] })
    const scrapes = announcesOf({ kind: 'scrape', response: slow })
    const offers = announcesOf({ kind: 'offer', response: slow })
    const connects = announcesOf({ kind: 'connect', response: slow })
    assert.equal(judge('p90<60ms', [announces, scrapes]).measured, 50_000)
    assert.equal(judge('p90<60ms', [announces, offers, connects]).measured, 1000)
    assert.equal(judge('offer.p90<60ms', [announces, offers]).measured, 50_000)
    assert.equal(judge('rate>=200', [announces, scrapes, offers]).measured, 200)
  })

  it('a percentile among requests without an answer misses every limit', () => {
    const lossy = announcesOf({
      response: latencyOf({
        count: 1000,
        timeouts: 10,
        buckets: [
          [100, 990],
          [1_000_000, 10],
        ],
        meanUs: 10_099,
      }),
    })
    assert.ok(isMet('p99<10s', [lossy]))
    assert.ok(!isMet('p99.1<10s', [lossy]))
    assert.ok(!isMet('max<1h'.replace('1h', '100s'), [lossy]))
    assert.ok(!isMet('mean<10s', [lossy]))
  })

  it('count losses and errors apart', () => {
    const outcomes = {
      answered: 990,
      refused: 2,
      malformed: 1,
      wrongType: 0,
      timedOut: 6,
      broken: 1,
      unsent: 0,
    }
    const kinds = [announcesOf({ outcomes })]
    assert.deepEqual(judge('loss<=1%', kinds), { text: 'loss<=1%', isMet: true, measured: 0.01 })
    assert.ok(!isMet('loss<1%', kinds))
    assert.equal(judge('errors<1', kinds).measured, 4)
    assert.equal(judge('wrong<1', kinds, 3).isMet, false)
  })

  it('are missed where there is nothing to measure', () => {
    assert.deepEqual(judge('scrape.p99<5ms', [announces]), {
      text: 'scrape.p99<5ms',
      isMet: false,
      measured: null,
    })
    assert.equal(judge('scrape.loss<5%', [announces]).measured, null)
    assert.ok(!isMet('rate>=1', []))
  })

  it('are told live as far as they can be', () => {
    const { outcomes } = announces
    const us = { p50Us: 100, p99Us: 4000, p999Us: 8000, maxUs: 9000 }
    const live = {
      protocol: 'udp' as const,
      kinds: [{ kind: 'announce' as const, outcomes, answersPerSecond: 100, ...us }],
    }
    const texts = ['p99<5ms', 'max<5ms', 'p90<5ms', 'loss<1%', 'rate>=101', 'scrape.p99<1s']
    assert.deepEqual(judgeLiveObjectives(objectivesOf(texts, 'udp'), live), [
      { text: 'p99<5ms', isMet: true },
      { text: 'max<5ms', isMet: false },
      { text: 'loss<1%', isMet: true },
      { text: 'rate>=101', isMet: false },
    ])
  })
})

// The JSON document of a result: its schema, and what reading one back refuses.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { AquaticError } from '../../src/errors.js'
import { documentText, type LoadTestDocument, readDocument } from '../../src/loadtest/report/document.js'
import { schemaProblems } from '../support/json-schema.js'
import { packageRoot } from '../support/tracker-process.js'
import { openPacing, planOf } from './plans.js'
import { sampleDocument, samplePlan, searchOf } from './sample-result.js'

const schema = JSON.parse(readFileSync(join(packageRoot, 'schemas/load-test-result.json'), 'utf8'))

const endless = planOf({
  pacing: {
    mode: 'open',
    spacing: 'poisson',
    stages: [{ seconds: Number.POSITIVE_INFINITY, from: 0, to: 10 }],
  },
  phases: {
    connectSeconds: 1,
    fillSeconds: 0,
    warmUpSeconds: 0,
    measureSeconds: Number.POSITIVE_INFINITY,
    drainSeconds: 1,
  },
  ws: {
    offersPerAnnounce: 5,
    answers: true,
    connectionsPerSecond: Number.POSITIVE_INFINITY,
    announceIntervalSeconds: 1,
  },
})

/** Documents of all shapes, by what is special about them. */
const shapes: Readonly<Record<string, () => Promise<LoadTestDocument>>> = {
  'open loop': () => sampleDocument(),
  'closed loop': () => sampleDocument({ mode: 'closed' }),
  'with a search and objectives': () =>
    sampleDocument(
      {},
      {
        search: searchOf(10_000),
        objectives: [
          { text: 'announce.p99<5ms', isMet: true, measured: 900 },
          { text: 'scrape.p50<1ms', isMet: false, measured: null },
        ],
      },
    ),
  'a search that found nothing': () => sampleDocument({}, { search: { ratePerSecond: null, trials: [] } }),
  'interrupted before it began': () =>
    sampleDocument(
      { rate: 0 },
      { isInterrupted: true, verdict: 'no-answers', measuredSeconds: 0, series: [], warnings: ['Nothing.'] },
    ),
  'nothing answered': () => sampleDocument({ lossShare: 1 }, { verdict: 'no-answers' }),
  'without end': () => sampleDocument({}, { plan: endless }),
  'every popularity': () =>
    sampleDocument(
      {},
      {
        plan: samplePlan({
          population: { ...endless.population, popularity: { kind: 'gamma', shape: 0.2, scale: 100 } },
        }),
      },
    ),
  'a machine that tells nothing': () =>
    sampleDocument(
      {},
      {
        selfCheck: {
          kernelReceiveDrops: null,
          kernelSendDrops: null,
          socketDrops: null,
          receiveBufferBytesGranted: null,
          workerProcessorShares: [],
          workerWaitShares: [],
          processorSeconds: 0,
          stealShare: null,
          lagP99Us: null,
          lagMaxUs: null,
          rateRatio: null,
        },
      },
      { governor: null, isVirtualised: null, aquaticCommit: null, openFilesMax: null, mitigations: {} },
    ),
}

describe('schemas/load-test-result.json', () => {
  for (const [name, build] of Object.entries(shapes)) {
    it(`allows a document: ${name}`, async () => {
      assert.deepEqual(schemaProblems(schema, JSON.parse(documentText(await build()))), [])
    })
  }

  it('notices what is missing, new or of another type', async () => {
    const document = JSON.parse(documentText(await sampleDocument()))
    const { verdict, ...without } = document
    assert.deepEqual(schemaProblems(schema, without), ['$.verdict: missing'])
    assert.deepEqual(schemaProblems(schema, { ...document, colour: verdict }), ['$.colour: unknown'])
    const [kind] = document.kinds
    const kinds = [{ ...kind, service: { ...kind.service, buckets: [[1]] } }]
    assert.deepEqual(schemaProblems(schema, { ...document, kinds }), [
      '$.kinds[0].service.buckets[0]: minItems 2',
    ])
  })
})

describe('readDocument', () => {
  for (const [name, build] of Object.entries(shapes)) {
    it(`reads what was written: ${name}`, async () => {
      const document = await build()
      assert.deepEqual(readDocument(documentText(document), 'a.json'), document)
    })
  }

  const refused = (text: string, message: RegExp, remedy: RegExp): void => {
    assert.throws(
      () => readDocument(text, 'a.json'),
      (error: unknown) => {
        assert.ok(error instanceof AquaticError)
        assert.deepEqual([error.code, error.exitCode], ['AQ_RESULT', 2])
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /\n/)
        assert.match(error.remedy ?? '', remedy)
        return true
      },
    )
  }

  it('refuses what is no result, in one sentence', () => {
    refused('', /^a\.json is not JSON\.$/, /aquatic loadtest/)
    refused('{"a":', /^a\.json is not JSON\.$/, /aquatic loadtest/)
    for (const text of ['null', '7', '[]', '{}', '{"protocol":"udp"}']) {
      refused(text, /^a\.json is no result of a load test: it has no schemaVersion\.$/, /aquatic loadtest/)
    }
    refused('{"schemaVersion":"1"}', /its schemaVersion is no number/, /aquatic loadtest/)
    refused('{"schemaVersion":1}', /can be read: environment: missing\.$/, /aquatic loadtest/)
  })

  it('says of another version whether it is older or newer', async () => {
    const document = await sampleDocument()
    const versioned = (version: number): string => JSON.stringify({ ...document, schemaVersion: version })
    refused(
      versioned(0),
      /^a\.json has schema version 0, which is older than the 1 /,
      /run the load test again/,
    )
    refused(versioned(2), /^a\.json has schema version 2, which is newer than the 1 /, /newer one/)
  })

  it('names the place of a value that is wrong', async () => {
    const document = await sampleDocument({}, { plan: planOf({ pacing: openPacing(-1, 5) }) })
    refused(documentText(document), /can be read: plan\.pacing: anyOf/, /aquatic loadtest/)
    const { kinds } = await sampleDocument()
    const broken = { ...document, plan: planOf(), kinds: [{ ...kinds[0], answersPerSecond: 'many' }] }
    refused(JSON.stringify(broken), /can be read: kinds\[0\]\.answersPerSecond: type "number"\.$/, /aquatic/)
  })
})

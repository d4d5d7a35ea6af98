// Plans and results for tests that need one and care for little in it.

import type { LoadPlan, Pacing } from '../../src/loadtest/plan.js'
import type { KindFigures, LatencyFigures, LoadTestResult, SelfCheck } from '../../src/loadtest/result.js'

const target: LoadPlan['target'] = {
  url: 'udp://127.0.0.1:3000',
  address: '127.0.0.1',
  port: 3000,
  family: 4,
  hostName: '127.0.0.1',
  path: '/announce',
  scrapePath: '/scrape',
  isTls: false,
  verifiesCertificate: false,
}

export function planOf(changes: Partial<LoadPlan> = {}): LoadPlan {
  return {
    protocol: 'udp',
    engine: 'native',
    target,
    workers: 1,
    connectionsPerWorker: 1,
    window: 1,
    pacing: { mode: 'closed' },
    phases: { connectSeconds: 1, fillSeconds: 0, warmUpSeconds: 0, measureSeconds: 10, drainSeconds: 1 },
    timeoutMs: 1000,
    mix: { connect: 0, announce: 1, scrape: 0 },
    population: {
      torrents: 1,
      peers: 1,
      popularity: { kind: 'uniform' },
      seederShare: 0.5,
      scrapeTorrents: 1,
    },
    numwant: -1,
    verifyShare: 0,
    seed: 1,
    sourceAddresses: 1,
    receiveBufferBytes: 1_000_000,
    http: { keepsAlive: true, requestsPerConnection: 0 },
    ws: { offersPerAnnounce: 0, answers: false, connectionsPerSecond: 100, announceIntervalSeconds: 0 },
    ...changes,
  }
}

export function openPacing(ratePerSecond: number, seconds: number): Pacing {
  return { mode: 'open', spacing: 'even', stages: [{ seconds, from: ratePerSecond, to: ratePerSecond }] }
}

export function latencyOf(changes: Partial<LatencyFigures> = {}): LatencyFigures {
  const us = { meanUs: 100, minUs: 100, p50Us: 100, p90Us: 100, p99Us: 100, p999Us: 100, maxUs: 100 }
  return { count: 1000, timeouts: 0, ...us, buckets: [[changes.p99Us ?? 100, 1000]], ...changes }
}

export function announcesOf(changes: Partial<KindFigures> = {}): KindFigures {
  return {
    kind: 'announce',
    outcomes: { answered: 1000, refused: 0, malformed: 0, wrongType: 0, timedOut: 0, broken: 0, unsent: 0 },
    answersPerSecond: 100,
    lossShare: 0,
    response: latencyOf(),
    service: latencyOf(),
    ...changes,
  }
}

export function selfCheckOf(changes: Partial<SelfCheck> = {}): SelfCheck {
  return {
    kernelReceiveDrops: 0,
    kernelSendDrops: 0,
    socketDrops: 0,
    receiveBufferBytesGranted: 1_000_000,
    workerProcessorShares: [0.1],
    workerWaitShares: [0],
    processorSeconds: 1,
    stealShare: 0,
    lagP99Us: 10,
    lagMaxUs: 20,
    rateRatio: 1,
    ...changes,
  }
}

export function resultOf(changes: Partial<LoadTestResult> = {}): LoadTestResult {
  return {
    plan: planOf(),
    startedAt: '2026-01-01T00:00:00.000Z',
    measuredSeconds: 10,
    isInterrupted: false,
    verdict: 'valid',
    warnings: [],
    kinds: [announcesOf()],
    counts: {
      late: 0,
      duplicate: 0,
      unknown: 0,
      bytesSent: 0,
      bytesReceived: 0,
      connectionsOpened: 0,
      connectionsFailed: 0,
      connectionsLost: 0,
      sendsRetried: 0,
      peersReceived: 0,
      verified: 0,
      verifiedWrong: 0,
    },
    remarks: [],
    series: [],
    selfCheck: selfCheckOf(),
    objectives: [],
    search: null,
    ...changes,
  }
}

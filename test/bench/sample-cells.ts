// Measurements as a bench makes them, for tests of what becomes of them.

import type { CellFigures, CellResult } from '../../src/bench/cell-result.js'

export function figuresOf(changes: Partial<CellFigures> = {}): CellFigures {
  return {
    startUpMs: 50,
    fill: null,
    saturation: {
      responsesPerSecond: 100_000,
      userUs: 1,
      systemUs: 2,
      processorsUsed: 1,
      lossShare: 0,
      peersPerAnnounce: 20,
      bytesPerResponse: 140,
      generatorShare: 0.5,
    },
    latency: [],
    objectiveRatePerSecond: null,
    peakResidentBytes: 80_000_000,
    kernelDrops: 0,
    answersVerified: 100,
    answersWrong: 0,
    ...changes,
  }
}

export function cellOf(changes: Partial<CellResult> = {}): CellResult {
  return {
    schemaVersion: 2,
    contender: 'aquatic',
    workload: 'udp-mixed',
    block: 0,
    twin: 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    outcome: 'measured',
    reason: null,
    lastWords: null,
    figures: figuresOf(),
    ...changes,
  }
}

/** One with so many microseconds of processor time for each response. */
export function cellCosting(us: number, changes: Partial<CellResult> = {}): CellResult {
  const saturation = {
    ...figuresOf().saturation!,
    userUs: us / 2,
    systemUs: us / 2,
    responsesPerSecond: 1e6 / us,
  }
  return cellOf({ figures: figuresOf({ saturation }), ...changes })
}

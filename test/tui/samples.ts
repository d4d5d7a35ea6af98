// Snapshots for tests: a load test in its measurement, and a tracker with all that it can show.

import type { ScreenSnapshot } from '../../src/tui/snapshot.js'

/** 60 seconds of a wave. */
const wave = Array.from({ length: 60 }, (_, second) => 40_000 + 9_900 * Math.sin(second / 4))

export const loadSample: ScreenSnapshot = {
  title: {
    command: 'aquatic loadtest udp',
    target: 'udp://127.0.0.1:3000',
    pacing: 'open 50k/s even',
    phase: 'measure',
  },
  progress: { elapsedSeconds: 23.4, lengthSeconds: 60 },
  windows: ['1 s', '10 s', 'run'],
  rates: [
    { label: 'sent', unit: 'perSecond', values: [49_912, 49_950, 50_000], history: wave },
    { label: 'answered', unit: 'perSecond', values: [49_820, 49_800, 49_990], history: wave },
    { label: 'out', unit: 'bitsPerSecond', values: [39_212_000, 39e6, 40e6], history: wave },
    { label: 'in', unit: 'bitsPerSecond', values: [112_500_000, 112e6, 113e6], history: wave },
  ],
  figures: [
    { label: 'in flight', value: 61, unit: 'count', level: null },
    { label: 'loss', value: 0.0012, unit: 'share', level: 'warn' },
    { label: 'late', value: 3, unit: 'count', level: 'warn' },
    { label: 'behind', value: 1_500, unit: 'count', level: 'bad' },
    { label: 'kernel drops', value: null, unit: 'count', level: null },
    { label: 'generator', value: 0.71, unit: 'share', level: 'ok' },
  ],
  tables: [
    {
      caption: 'last second',
      columns: [
        { label: 'answered', unit: 'count', priority: 1 },
        { label: 'rate', unit: 'perSecond', priority: 0 },
        { label: 'p50', unit: 'microseconds', priority: 4 },
        { label: 'p99', unit: 'microseconds', priority: 2 },
        { label: 'p99.9', unit: 'microseconds', priority: 5 },
        { label: 'max', unit: 'microseconds', priority: 6 },
        { label: 'failed', unit: 'count', priority: 3 },
      ],
      rows: [
        { label: 'connect', cells: [1_234, 51, 110, 310, 400, 600, 0], level: null },
        { label: 'announce', cells: [1_123_456, 49_241, 140, 920, 3_100, 8_800, 1_312], level: 'warn' },
        { label: 'scrape', cells: [11_400, 488, 120, 710, 2_200, 4_000, 0], level: null },
        { label: 'offer', cells: [0, 0, null, null, null, null, 0], level: null },
      ],
    },
  ],
  workers: [
    { name: 'worker 1', share: 0.71 },
    { name: 'worker 2', share: 0.985 },
  ],
  histogram: {
    caption: 'latencies of the last second',
    buckets: Array.from({ length: 500 }, (_, bucket) => {
      const us = 90 * 1.01 ** bucket
      return [us, Math.round(2_000 * Math.exp(-(((bucket - 60) / 40) ** 2)) + 400_000 / us ** 1.5)] as const
    }),
  },
  objectives: [
    { text: 'announce.p99<5ms', isMet: true },
    { text: 'loss<0.1%', isMet: false },
  ],
  lists: [
    { title: 'failed', kind: 'errors', entries: [['announce: timed out', 1_312]] },
    {
      title: 'said by the tracker',
      kind: 'errors',
      entries: [
        // What others send: a command to the terminal, wide characters, a picture, a direction of writing.
        ['\u001b[2J\u001b]0;owned\u0007Connection ID\r\nmismatch', 20],
        ['種子が見つかりません \u{1F600}\u202e', 3],
      ],
    },
  ],
  notes: [{ text: 'trial 3 of 9: between 40k/s and 60k/s', level: null }],
}

export const serveSample: ScreenSnapshot = {
  title: {
    command: 'aquatic serve',
    target: 'udp 127.0.0.1:3000  http 127.0.0.1:3000  ws 127.0.0.1:3000',
    pacing: null,
    phase: null,
  },
  progress: { elapsedSeconds: 93_784, lengthSeconds: null },
  windows: ['1 s', '10 s', 'run'],
  rates: [
    { label: 'requests', unit: 'perSecond', values: [247_000, 240_000, 100_000], history: wave },
    { label: 'responses', unit: 'perSecond', values: [246_900, 240_000, 100_000], history: wave },
  ],
  figures: [
    { label: 'torrents', value: 1_234_567, unit: 'count', level: null },
    { label: 'peers', value: 20_000_000, unit: 'count', level: null },
    { label: 'peers use', value: 640 * 2 ** 20, unit: 'bytes', level: 'warn' },
    { label: 'access list', value: 'off', unit: 'count', level: null },
  ],
  tables: [],
  workers: [],
  histogram: null,
  objectives: [],
  lists: [
    { title: 'since the start', kind: 'errors', entries: [['udp: dropped, bad magic', 7]] },
    {
      title: 'clients',
      kind: 'ranking',
      entries: [
        ['qBittorrent 4.5.2', 15_000_000],
        ['Transmission 3.00', 5_000_000],
      ],
    },
  ],
  notes: [
    { text: '11:59:58 an older warning', level: 'warn' },
    { text: "12:00:01 the swarm's memory limit of 640 MiB for peers is reached", level: 'warn' },
  ],
}

// The table of the keys and sections that all load tests have in the same way. Keys that the original has too keep its
// names and places, so that its files load.

import { RATE_MAX, SECONDS_MAX, stageForm } from './loadtest-stages.js'
import { objectiveForm } from './objective.js'
import { rateSuffixes, shareSuffixes, timeSuffixes } from './quantity.js'
import { boolean, integer, list, number, oneOf, section, string } from './schema.js'
import { logLevels } from './sections.js'
import { type TargetProtocol, targetForm } from './target-text.js'

export const since = '0.1.0'
/** Most connections and sockets of one process: what a system grants of open files. */
export const connectionsMax = 1_000_000

/** Facts of a key with a time in seconds. */
export const seconds = { unit: 'seconds', suffixes: timeSuffixes, max: SECONDS_MAX } as const

/** Of HTTP and WebTorrent. */
const tlsDoc = `A URL says whether TLS is spoken, an address without a scheme leaves it to network.tls.`

/** Keys above the first section. */
export function generalKeys(protocol: TargetProtocol) {
  return {
    server_address: string({
      default: '127.0.0.1:3000',
      form: targetForm(protocol),
      doc: `The tracker: an address, or a name, with a port; or a URL, also as the argument of the command.
        ${protocol === 'udp' ? '' : tlsDoc} Names are looked up before anything is sent, and the first of their
        addresses that answers is taken.`,
    }),
    log_level: oneOf({
      default: 'warn',
      allowed: logLevels,
      doc: `What is logged to stderr beside the progress of the test: "warn" adds notes about the configuration to
        errors.`,
    }),
    workers: integer({
      default: 0,
      min: 1,
      max: 1024,
      zeroMeans: 'half of the processors for a tracker on this machine, all of them for another one',
      flag: 'workers',
      doc: `Threads that make load. 0 leaves the other half of the processors, but at least one, to a tracker on the same
        machine: threads that compete for processors measure each other.`,
    }),
    duration: number({
      ...seconds,
      default: 30,
      min: 0.1,
      zeroMeans: 'until it is interrupted',
      flag: 'duration',
      doc: `Length of the measurement; what comes before it (connect, fill, warm-up) and after it (drain) is not in it. With
        stages they say how long it takes. The default of aquatic 0.9 is 0.`,
    }),
    seed: integer({
      default: 1,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      since,
      flag: 'seed',
      doc: `Everything random follows from it: two tests with the same seed and configuration ask for the same torrents.
        \`aquatic loadtest hashes\` prints these.`,
    }),
  }
}

export const engineKey = oneOf({
  default: 'auto',
  allowed: ['auto', 'native', 'node'],
  since,
  flag: 'engine',
  doc: `"native" makes system calls by itself, many requests in one (Linux, x64 and arm64); "node" goes through the
    libraries that programs in JavaScript use, runs everywhere and costs several times as much. "auto" takes native where it
    can.`,
})

/** How long a request is waited for; TCP sends again by itself, after 200 ms and more. */
export function timeoutKey(defaultSeconds: number) {
  return number({
    ...seconds,
    default: defaultSeconds,
    min: 0.01,
    // Longer ones are not told apart by the histograms.
    max: 200,
    since,
    flag: 'timeout',
    doc: `After this long a request counts as lost. It stays in the percentiles, with this time as its latency; an answer
      that comes nevertheless is counted as late.`,
  })
}

/** The keys of `[load]` that say which requests are made when. */
export const pacing = {
  rate: number({
    default: 0,
    min: 0.001,
    max: RATE_MAX,
    unit: 'requests per second',
    suffixes: rateSuffixes,
    zeroMeans: 'a closed loop: the next request as soon as one is answered',
    since,
    flag: 'rate',
    doc: `Open loop: so many requests per second, of all workers together, at planned instants, whatever the tracker
      does. Latencies count from these instants, so a tracker that stalls cannot hide it.`,
  }),
  stages: list({
    default: [],
    form: stageForm,
    emptyMeans: 'one rate, or a closed loop',
    since,
    flag: 'stage',
    doc: `Open loop whose rate changes: each stage has its length and its rate, or two with a straight line between them.
      Together they are the measurement; duration has no meaning beside them. Not to be mixed with rate, saturate or
      search.`,
  }),
  saturate: boolean({
    default: false,
    since,
    flag: 'saturate',
    doc: `Closed loop, as without rate and stages. It is there to overrule those of a file; the reverse is true too: a
      rate given by a flag overrules this in a file.`,
  }),
  search: boolean({
    default: false,
    since,
    flag: 'search',
    doc: `Look for the highest rate that keeps the objectives (without any: loss<0.1% and p99<100ms), by many short trials
      and some of the length of duration that confirm the result.`,
  }),
  spacing: oneOf({
    default: 'even',
    allowed: ['even', 'poisson'],
    since,
    flag: 'spacing',
    doc: `Pauses between planned requests: all the same, or random as those of many clients that know nothing of each other
      ("poisson"), which asks more of a tracker at the same rate.`,
  }),
}

/** @param kinds of requests, as objectives name them */
export function objectivesKey(kinds: readonly string[]) {
  return list({
    default: [],
    form: objectiveForm(kinds),
    emptyMeans: 'nothing is demanded',
    since,
    flag: 'slo',
    doc: `What has to hold; the exit code is 3 where it does not. Metrics are p50, p90, p99, p99.9 or any other percentile,
      max and mean (latencies with their unit), loss (a share of the requests), errors (a number), rate (answers per
      second) and wrong (answers that verify found wrong). Alone they are for everything that is asked of the tracker (offers and
      answers are what it makes of announces),
      with ${kinds.join('., ')}. before them for one kind. Latencies are those from the planned instant in an open
      loop; service. before one takes that from the sending. A percentile among requests without an answer misses every
      limit.`,
  })
}

/** `[phases]`: what is before and after the measurement. */
export function phases(protocol: TargetProtocol) {
  return section({
    doc: 'What happens before and after the measurement; none of it counts.',
    leaves: {
      connect: number({
        ...seconds,
        default: 30,
        min: 0.1,
        since,
        doc: `How long ${protocol === 'udp' ? 'connection ids' : 'connections'} are waited for at most before the test goes
          on with those there are.`,
      }),
      fill: number({
        ...seconds,
        default: 0,
        min: 0.1,
        zeroMeans: 'the swarm is not filled',
        since,
        flag: 'fill',
        doc: `How long the swarm may be filled at most: every peer announces itself once before the measurement, which then
          meets a tracker of a constant size.`,
      }),
      warm_up: number({
        ...seconds,
        default: 2,
        min: 0,
        since,
        flag: 'warmup',
        doc: `Load before the measurement, at its first rate; a first stage that begins at 0 has none.`,
      }),
      drain: number({
        ...seconds,
        default: 0,
        min: 0.01,
        zeroMeans: 'as long as load.timeout',
        since,
        flag: 'drain',
        doc: 'How long the last answers are waited for at most; it ends when nothing is awaited any more.',
      }),
    },
  })
}

/** `[search]`. */
export const search = section({
  doc: 'How load.search looks for the highest rate. duration is the length of trials that count.',
  leaves: {
    width: number({
      default: 0.02,
      min: 0.001,
      max: 1,
      suffixes: shareSuffixes,
      since,
      doc: 'It is found when a rate that passes and one that does not are no further apart than this share.',
    }),
    short_trial: number({
      ...seconds,
      default: 2,
      min: 0.1,
      since,
      doc: 'Length of trials that only show where to look.',
    }),
    max_trials: integer({ default: 60, min: 2, max: 10_000, since, doc: 'Never more trials than this.' }),
    max_rate: number({
      default: RATE_MAX,
      min: 1,
      max: RATE_MAX,
      unit: 'requests per second',
      suffixes: rateSuffixes,
      since,
      doc: 'No higher rate is tried.',
    }),
  },
})

const resultForm = {
  name: 'a path',
  examples: ['result.json', 'report.html', 'results/'],
  pattern: '^[^?][^\\u0000]*$|^\\?[^\\u0000]+$',
  problemOf: (text: string) =>
    text === '' || text === '?' || text.includes('\0') ? 'Name a file.' : undefined,
} as const

/** `[output]`. */
export const output = section({
  doc: 'Where progress and results go. The table of the result is printed to stdout in any case.',
  leaves: {
    files: list({
      default: [],
      form: resultForm,
      emptyMeans: 'no file is written',
      since,
      flag: 'out',
      doc: `Files for the result; their ends say what is in them: .json, .html, .csv, .hgrm, .hlog, .txt
        (docs/loadtest-results.md). A directory, or a name with / at its end, gets all of them.`,
    }),
    json: boolean({
      default: false,
      since,
      doc: 'Print the result as one JSON document instead of a table, as --json does.',
    }),
    tui: boolean({
      default: true,
      since,
      flag: 'tui',
      doc: 'Draw a live screen on stderr where that is a terminal; lines otherwise.',
    }),
    quiet: boolean({
      default: false,
      since,
      doc: 'No progress on stderr, as with --quiet.',
    }),
  },
})

/** Facts of the share of answers that are checked. */
export const verifyKey = number({
  default: 0.01,
  min: 0,
  max: 1,
  suffixes: shareSuffixes,
  since,
  flag: 'verify',
  doc: `Share of the answers that are looked at closely: no more peers than asked for, never the one who asks, counts
    that can be, identifiers of the question. Wrong ones are counted in the result: fast wrong answers must not win.`,
})

/** Keys of torrents and peers; the originals differ in names of sections and in defaults. */
export const torrentCount = { min: 1, max: 100_000_000, unit: 'torrents', flag: 'torrents' } as const
export const peerCount = { min: 1, max: 500_000_000, unit: 'peers', flag: 'peers' } as const
export const weight = { min: 0, max: 1_000_000 } as const
export const seederShare = { min: 0, max: 1 } as const

export function popularityKeys(ofOriginal: 'exponential' | 'gamma') {
  return {
    popularity: oneOf({
      default: ofOriginal,
      allowed: ['exponential', 'gamma', 'zipf', 'uniform'],
      since,
      flag: 'popularity',
      doc: `How peers are spread over torrents. "exponential" is that of aquatic's UDP load test: torrent i of T, with P
        peers, weighs T/P + e^(6.5 - 500 i/T). "gamma" is that of its other load tests, in which two fifths of the peers are
        in the first torrent. "zipf": torrent i weighs 1/(i + 1)^zipf_exponent.`,
    }),
    zipf_exponent: number({
      default: 1,
      min: 0.01,
      max: 10,
      since,
      doc: 'How steep "zipf" is.',
    }),
    torrent_gamma_shape: number({ default: 0.2, min: 0.001, max: 1000, doc: 'Shape of "gamma".' }),
    torrent_gamma_scale: number({ default: 100, min: 0.001, max: 1_000_000, doc: 'Scale of "gamma".' }),
  }
}

export function numwantKey(protocol: TargetProtocol, defaultPeers: number) {
  return integer({
    default: defaultPeers,
    min: -1,
    max: 100_000,
    unit: 'peers',
    flag: 'numwant',
    ...(protocol === 'udp' ? {} : { since }),
    doc: `Peers asked for in an announce; -1 leaves it to the tracker.`,
  })
}

/** Facts of `source_addresses`. */
export const sourceAddressesKey = integer({
  default: 0,
  min: 1,
  max: 65_536,
  unit: 'addresses',
  zeroMeans: 'as many as make sense',
  since,
  doc: `Loopback addresses, 127.0.0.1 and following, that requests to a tracker at 127.0.0.0/8 come from. Others are asked
    from the one address that this machine has towards them.`,
})

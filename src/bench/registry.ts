// Everyone who can be compared, in the order of reports.

import type { Contender } from './contender.js'
import { aquaticRust } from './contenders/aquatic-rust.js'
import { bittorrentTracker } from './contenders/bittorrent-tracker.js'
import { chihaya } from './contenders/chihaya.js'
import { opentracker } from './contenders/opentracker.js'
import { oursNative, oursNode } from './contenders/ours.js'
import { torrust } from './contenders/torrust.js'
import { wtTracker } from './contenders/wt-tracker.js'

export const contenders: readonly Contender[] = [
  oursNative,
  oursNode,
  opentracker,
  ...aquaticRust,
  chihaya,
  torrust,
  bittorrentTracker,
  wtTracker,
]

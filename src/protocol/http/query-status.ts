// What a query of an announce or a scrape comes to, and what the client is told about it.

import { latin1Bytes } from './ascii.js'

export const QueryStatus = {
  ok: 0,
  missingInfoHash: 1,
  invalidInfoHash: 2,
  missingPort: 3,
  invalidPort: 4,
  invalidPeerId: 5,
} as const

/** The text of a `failure reason` (BEP 3) for each status; clients show it to people. Empty for `ok`. */
export const queryFailureTexts: readonly Uint8Array[] = [
  '',
  'Missing info_hash',
  'Invalid info_hash',
  'Missing port',
  'Invalid port',
  'Invalid peer_id',
].map(latin1Bytes)

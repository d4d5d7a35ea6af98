// Rules about several keys of the WebTorrent tracker at once.

import { originList, originProblem } from './origins.js'
import { examineEndpoint, examinePeerAge, notice, problem } from './rules.js'
import type { Finding } from './schema.js'
import { examineStreams } from './stream-rules.js'
import type { WsConfig } from './ws.js'

/** Every rule. */
export function examineWs(config: WsConfig): Finding[] {
  const { network, protocol, cleaning, statistics } = config
  return [
    ...examineEndpoint(statistics),
    ...examineStreams(network),
    ...examineSizes(network),
    ...examineBacklog(config),
    ...examineInbox(config),
    ...examineOrigins(network),
    ...examineRedirect(network.redirect),
    ...examinePeerAge(cleaning.maxPeerAge, protocol.peerAnnounceInterval),
    ...examineTimes(config),
  ]
}

/** The default is no wish of anybody: files that only shorten messages need not hear of it. */
export const defaultMaxFrameBytes = 65_536

function examineSizes({ websocketMaxFrameSize, websocketMaxMessageSize }: WsConfig['network']): Finding[] {
  if (websocketMaxFrameSize <= websocketMaxMessageSize || websocketMaxFrameSize === defaultMaxFrameBytes) {
    return []
  }
  const keys = ['network.websocket_max_frame_size', 'network.websocket_max_message_size']
  const text =
    `network.websocket_max_frame_size (${websocketMaxFrameSize} bytes) is above ` +
    `network.websocket_max_message_size (${websocketMaxMessageSize} bytes), which limits frames too.`
  return [notice(keys, text)]
}

/** Beside the offer or answer itself: names of members, and three identifiers of 20 bytes with escapes. */
const RELAY_OVERHEAD_BYTES = 1024
/** One info hash with escapes, and its three counts. */
const SCRAPED_TORRENT_BYTES = 200

function examineBacklog({ network, protocol }: WsConfig): Finding[] {
  const key = 'network.websocket_max_backlog_bytes'
  const backlogBytes = network.websocketMaxBacklogBytes
  const relayBytes = protocol.maxOfferBytes + RELAY_OVERHEAD_BYTES
  const findings: Finding[] = []
  if (backlogBytes < relayBytes) {
    const text =
      `${key} is ${backlogBytes}, and one offer of protocol.max_offer_bytes takes up to ${relayBytes}. ` +
      `Set ${key} = ${relayBytes} or more.`
    findings.push(problem([key, 'protocol.max_offer_bytes'], text))
  }
  const scrapeBytes = protocol.maxScrapeTorrents * SCRAPED_TORRENT_BYTES
  if (backlogBytes < scrapeBytes) {
    const text =
      `${key} is ${backlogBytes}, and a scrape of protocol.max_scrape_torrents takes up to ${scrapeBytes}: ` +
      'whoever asks for so many and reads slowly is closed.'
    findings.push(notice([key, 'protocol.max_scrape_torrents'], text))
  }
  if (protocol.maxOfferBytes > network.websocketMaxMessageSize) {
    const text =
      `protocol.max_offer_bytes (${protocol.maxOfferBytes}) is above network.websocket_max_message_size ` +
      `(${network.websocketMaxMessageSize}), which limits offers too.`
    findings.push(notice(['protocol.max_offer_bytes', 'network.websocket_max_message_size'], text))
  }
  return findings
}

/** With room for less, an inbox would drop one message for each that it takes. */
const INBOX_MESSAGES_MIN = 4

function examineInbox({ network, protocol }: WsConfig): Finding[] {
  const key = 'network.relay_inbox_bytes'
  const bytes = Math.min(protocol.maxOfferBytes, network.websocketMaxMessageSize) + RELAY_OVERHEAD_BYTES
  const needed = INBOX_MESSAGES_MIN * bytes
  if (network.relayInboxBytes >= needed) return []
  const text =
    `${key} is ${network.relayInboxBytes}, which has no room for ${INBOX_MESSAGES_MIN} offers of ` +
    `protocol.max_offer_bytes. Set ${key} = ${needed} or more.`
  return [problem([key, 'protocol.max_offer_bytes'], text)]
}

function examineOrigins({ allowedOrigins, deniedOrigins }: WsConfig['network']): Finding[] {
  const findings: Finding[] = []
  const lists = [
    ['network.allowed_origins', originList(allowedOrigins)],
    ['network.denied_origins', originList(deniedOrigins)],
  ] as const
  for (const [key, entries] of lists) {
    for (const entry of entries) {
      const wrong = originProblem(entry)
      if (wrong === undefined) continue
      const text = `${key} has ${JSON.stringify(entry)}, which ${wrong}. Write entries with commas between them.`
      findings.push(problem([key], text))
    }
  }
  const [[allowedKey, allowed], [deniedKey, denied]] = lists
  for (const entry of allowed.filter(origin => denied.includes(origin))) {
    const text = `${JSON.stringify(entry)} is in ${allowedKey} and in ${deniedKey}. Remove it from one of them.`
    findings.push(problem([deniedKey, allowedKey], text))
  }
  return findings
}

/** What may stand in a Location header as it is: visible ASCII. */
const headerText = /^[\x21-\x7e]+$/

function examineRedirect(redirect: string): Finding[] {
  if (redirect === '') return []
  const key = 'network.redirect'
  const isUrl = /^https?:\/\/./.test(redirect) && URL.canParse(redirect) && headerText.test(redirect)
  if (isUrl) return []
  const text =
    `${key} is ${JSON.stringify(redirect)}, which browsers can't be sent to. ` +
    'Write a whole URL, such as "https://example.org/".'
  return [problem([key], text)]
}

/** proxy_read_timeout of nginx and the usual timeout client of HAProxy. */
const PROXY_TIMEOUT_SECONDS = 60

function examineTimes({ network, protocol, cleaning }: WsConfig): Finding[] {
  const { maxConnectionIdle, maxOfferAge, maxPeerAge, pingInterval } = cleaning
  const { peerAnnounceInterval } = protocol
  const idleKey = 'cleaning.max_connection_idle'
  const findings: Finding[] = []
  if (maxConnectionIdle <= peerAnnounceInterval) {
    const text =
      `${idleKey} (${maxConnectionIdle} s) is not above protocol.peer_announce_interval ` +
      `(${peerAnnounceInterval} s): connections are closed between two announces.`
    findings.push(notice([idleKey, 'protocol.peer_announce_interval'], text))
  }
  if (maxOfferAge > maxPeerAge) {
    const text =
      `cleaning.max_offer_age (${maxOfferAge} s) is above cleaning.max_peer_age (${maxPeerAge} s): ` +
      'offers are remembered longer than the peers that made them.'
    findings.push(notice(['cleaning.max_offer_age', 'cleaning.max_peer_age'], text))
  }
  if (pingInterval >= maxConnectionIdle) {
    const text =
      `cleaning.ping_interval (${pingInterval} s) is not below ${idleKey} (${maxConnectionIdle} s), so no pings are ` +
      'sent to clients that are silent.'
    findings.push(notice(['cleaning.ping_interval', idleKey], text))
  }
  const isBehindProxy = network.runsBehindReverseProxy || network.proxyProtocol === 'required'
  if (isBehindProxy && (pingInterval === 0 || pingInterval >= PROXY_TIMEOUT_SECONDS)) {
    const text =
      `cleaning.ping_interval is ${pingInterval}, and most reverse proxies close connections that are silent for ` +
      `${PROXY_TIMEOUT_SECONDS} seconds.`
    findings.push(notice(['cleaning.ping_interval'], text))
  }
  return findings
}

// Whether a request asks to go on as a WebSocket (RFC 6455 section 4.2.1, RFC 9110 section 7.8).

import { Byte, isBlank, isWordInAnyCase, latin1Bytes } from './ascii.js'
import { type HttpRequestHead, Method } from './request-head.js'

const WEBSOCKET = latin1Bytes('websocket')

/**
 * A GET whose `Connection` names `upgrade` and whose `Upgrade` names `websocket`, perhaps among others.
 * @param upgradeHeader number of the header `Upgrade` among those that the decoder was asked for
 */
export function asksForWebSocket(input: Uint8Array, head: HttpRequestHead, upgradeHeader: number): boolean {
  if (!head.connectionUpgrade || head.method !== Method.get) return false
  const { lastInstances, previousInstances, valueStarts, valueEnds } = head
  for (let instance = lastInstances[upgradeHeader]; instance >= 0; instance = previousInstances[instance]) {
    if (namesWebSocket(input, valueStarts[instance], valueEnds[instance])) return true
  }
  return false
}

/** One value of `Upgrade`: protocols with commas between them. */
function namesWebSocket(input: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    let itemEnd = at
    while (itemEnd < end && input[itemEnd] !== Byte.comma) itemEnd++
    if (isWordInAnyCase(input, skipBlanks(input, at, itemEnd), lastBlank(input, at, itemEnd), WEBSOCKET))
      return true
    at = itemEnd + 1
  }
  return false
}

function skipBlanks(input: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(input[at])) at++
  return at
}

function lastBlank(input: Uint8Array, start: number, end: number): number {
  while (end > start && isBlank(input[end - 1])) end--
  return end
}

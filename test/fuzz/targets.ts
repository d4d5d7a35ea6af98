// All fuzz targets, each with the seeds of its folder: files of bytes, or of hexadecimal digits where their names end
// with `.hex`. Those of aria2 1.36, Transmission 3.00 and libtorrent 2.0.8 are what these sent to a tracker that wrote
// it down; those of bittorrent-tracker 11.2.3 (its client, on @roamhq/wrtc, and its server, on ws) and of WebTorrent
// 2.8.5 (its bundle in Chromium 156) what a proxy between client and tracker wrote down: messages alone, or frames with
// their masks. Those for websocket-session have the byte before them that it takes.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FuzzTarget } from './target.js'
import { accessList } from './targets/access-list.js'
import { bencode } from './targets/bencode.js'
import { forwardedAddress } from './targets/forwarded.js'
import { httpRequest } from './targets/http-request.js'
import { httpResponse } from './targets/http-response.js'
import { proxyProtocol } from './targets/proxy-protocol.js'
import { targetText } from './targets/target-text.js'
import { toml } from './targets/toml.js'
import { udpHandler } from './targets/udp-handler.js'
import { udpRequest } from './targets/udp-request.js'
import { udpResponse } from './targets/udp-response.js'
import { websocketClient } from './targets/websocket-client.js'
import { websocketMessages, websocketServer } from './targets/websocket-server.js'
import { websocketSession } from './targets/websocket-session.js'
import { webtorrentAnswer } from './targets/webtorrent-answer.js'
import { webtorrentMessage } from './targets/webtorrent-message.js'

// Compiled, this file lies in dist/test/fuzz.
const seedsFolder = new URL('../../../test/fuzz/seeds/', import.meta.url)

/** What clients sent, by the name of its file. */
export function seedFilesOf(name: string): ReadonlyMap<string, Uint8Array> {
  const folder = fileURLToPath(new URL(`${name}/`, seedsFolder))
  const files = existsSync(folder) ? readdirSync(folder).sort() : []
  return new Map(
    files.map(file => {
      const bytes = readFileSync(`${folder}${file}`)
      const isHex = file.endsWith('.hex')
      return [file, isHex ? Buffer.from(bytes.toString('latin1').replace(/\s/g, ''), 'hex') : bytes]
    }),
  )
}

function withSeedFiles(target: FuzzTarget): FuzzTarget {
  return { ...target, seeds: [...target.seeds, ...seedFilesOf(target.name).values()] }
}

export const targets: readonly FuzzTarget[] = [
  accessList,
  bencode,
  forwardedAddress,
  httpRequest,
  httpResponse,
  proxyProtocol,
  targetText,
  toml,
  udpHandler,
  udpRequest,
  udpResponse,
  websocketClient,
  websocketMessages,
  websocketServer,
  websocketSession,
  webtorrentAnswer,
  webtorrentMessage,
].map(withSeedFiles)

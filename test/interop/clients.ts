// BitTorrent programs of the machine, started so that a tracker is their only way to find anybody:
// private torrents, no exchange of peers, no local discovery, no distributed hash table with anyone in it. Over HTTPS
// each checks the tracker's certificate against the one it is told to trust.
import { randomInt } from 'node:crypto'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canRun, type Owner, type RunningProcess, startProcess } from '../support/child-process.js'
import { cleanEnvironment, type Family, packageRoot } from '../support/tracker-process.js'
import type { Transfer } from './torrent.js'

/** Ports for the programs that cannot ask the system for one: each takes a free one of these. */
const ports = { first: 20_000, last: 32_000 } as const

/** Debian's module belongs to Debian's interpreter, which need not be the first one found. */
const python = ['python3', '/usr/bin/python3'].find(command => canRun(command, ['-c', 'import libtorrent']))

/** What a machine lacks, as a reason to skip. */
export const missing = {
  aria2: { 'aria2c is not installed': !canRun('aria2c', ['--version']) },
  transmission: { 'transmission-daemon is not installed': !canRun('transmission-daemon', ['--version']) },
  libtorrent: { 'python3 has no module libtorrent': python === undefined },
} as const

/**
 * libtorrent over one address family, with the payload or without. Says on stdout what happens, one JSON object a
 * line; says goodbye to the tracker and ends when its input ends.
 */
export function startLibtorrent(
  owner: Owner,
  transfer: Transfer,
  directory: string,
  family: Family,
): RunningProcess {
  const listenOn = family === 4 ? '127.0.0.1:0' : '[::1]:0'
  const script = join(packageRoot, 'test/interop/libtorrent-peer.py')
  const args = [script, transfer.torrentFile, directory, listenOn]
  // OpenSSL's own name for the file of certificates to trust.
  const env = { ...cleanEnvironment(), SSL_CERT_FILE: transfer.trusted ?? '' }
  return startProcess(owner, python ?? 'python3', args, { env })
}

/**
 * aria2 downloads, and ends with 0 when it has everything. It asks the tracker every second, so that it does not
 * matter who came first. Its UDP tracker client (IPv4 only) shares the socket of its distributed hash table, so
 * that must be on; it knows no node, and private torrents do not use it.
 */
export function startAria2(
  owner: Owner,
  { torrentFile, target, scratch, trusted }: Transfer,
): RunningProcess {
  const range = `${ports.first}-${ports.last}`
  return startProcess(owner, 'aria2c', [
    '--no-conf',
    '--enable-dht=true',
    '--enable-dht6=false',
    `--dht-file-path=${join(scratch, 'dht.dat')}`,
    `--dht-listen-port=${range}`,
    `--listen-port=${range}`,
    '--enable-peer-exchange=false',
    '--bt-enable-lpd=false',
    '--bt-tracker-interval=1',
    '--seed-time=0',
    '--log-level=info',
    '--log=-',
    ...(trusted === undefined ? [] : [`--ca-certificate=${trusted}`]),
    `--dir=${target}`,
    torrentFile,
  ])
}

/**
 * transmission-daemon with one torrent in its configuration, which it starts by itself. It never connects to a peer on
 * a loopback address, but lets one connect: the other side has to hear of it. It cannot read `udp://[::1]:port`, and
 * asks every HTTP tracker from its IPv4 address if it was given one. Without its port it goes on, deaf; and its own
 * random ports are alike in daemons started in the same moment.
 */
export async function startTransmission(
  owner: Owner,
  transfer: Transfer,
  directory: string,
  family: Family,
): Promise<RunningProcess> {
  const isDeaf = family === 4 ? /Couldn't bind (port \d+ on 127\.|IPv4 socket)/ : /Couldn't bind (port|IPv)/
  for (let attempt = 1; ; attempt++) {
    const home = join(transfer.scratch, `transmission-${attempt}`)
    const port = randomInt(ports.first, ports.last)
    await configureTransmission(home, transfer.torrentFile, directory, family, port)
    const args = ['--foreground', '--log-debug', '--config-dir', home]
    // Version 3 checks no certificate unless told to; version 4 always does.
    const env = { ...cleanEnvironment(), TR_CURL_SSL_VERIFY: '1', CURL_CA_BUNDLE: transfer.trusted ?? '' }
    const daemon = startProcess(owner, 'transmission-daemon', args, { env })
    await daemon.waitForLines('stderr', /Using settings from/)
    if (!daemon.hasSaid(isDeaf)) return daemon
    await daemon.stop()
    if (attempt === 5) throw new Error(`no free port in ${attempt} attempts: ${daemon.describe()}`)
  }
}

async function configureTransmission(
  home: string,
  torrentFile: string,
  directory: string,
  family: Family,
  port: number,
): Promise<void> {
  await mkdir(join(home, 'torrents'), { recursive: true })
  await copyFile(torrentFile, join(home, 'torrents', 'payload.torrent'))
  const settings = {
    'bind-address-ipv4': family === 4 ? '127.0.0.1' : '0.0.0.0',
    'bind-address-ipv6': '::1',
    'dht-enabled': false,
    'download-dir': directory,
    'lpd-enabled': false,
    'peer-port': port,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-enabled': false,
    'utp-enabled': false,
  }
  await writeFile(join(home, 'settings.json'), JSON.stringify(settings))
}

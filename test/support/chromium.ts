// Debian's Chromium without a window, driven over the DevTools protocol. Knows nothing of trackers.

import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { canRun, type Owner, type RunningProcess, startProcess } from './child-process.js'
import { cleanEnvironment } from './tracker-process.js'

const program = 'chromium'

export const chromiumMissing = (): Readonly<Record<string, boolean>> => ({
  'chromium is not installed': !canRun(program, ['--version']),
})

const usualFlags = [
  '--headless',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--disable-gpu',
  '--disable-extensions',
  // Nothing of the browser's own business over the network, no crash reporter that outlives it.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
  // Containers have 64 MiB there.
  '--disable-dev-shm-usage',
  // Pages in the background are as quick as those in front.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // Two pages of one machine meet at its addresses, loopback if it has no other: without this they would tell each
  // other names that only multicast DNS resolves.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection',
]

interface Pending {
  resolve(result: never): void
  reject(error: Error): void
}

/** One message of the protocol, as it is received. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: {
    readonly exceptionDetails?: ExceptionDetails
    readonly entry?: { readonly text: string }
  }
  readonly result?: never
  readonly error?: { readonly message: string }
}

interface ExceptionDetails {
  readonly text: string
  readonly exception?: { readonly description?: string }
}

const describeException = ({ text, exception }: ExceptionDetails): string => exception?.description ?? text

/** A page in a profile of its own: it shares no storage, cache or socket with the browser's other pages. */
export class Page {
  readonly #browser: Browser
  readonly #session: string

  constructor(browser: Browser, session: string) {
    this.#browser = browser
    this.#session = session
  }

  /** What JavaScript in the page comes to, its promise awaited. Rejects with what it throws. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#browser.send<{
      result: { value: T }
      exceptionDetails?: ExceptionDetails
    }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, this.#session)
    if (exceptionDetails === undefined) return result.value
    const said = this.#browser.complaints.join('\n')
    throw new Error(`in the page: ${describeException(exceptionDetails)}\n${said}`)
  }
}

export class Browser {
  /** Errors that nobody in a page caught, and what the console would show. */
  readonly complaints: string[] = []
  readonly #socket: WebSocket
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  private constructor(socket: WebSocket, process: RunningProcess) {
    this.#socket = socket
    socket.on('message', data => this.#receive(JSON.parse(String(data)) as Message))
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error(`gone: ${process.describe()}`))
      this.#pending.clear()
    })
  }

  /**
   * Starts a browser that ends with its owner.
   * @param trusted PEM file of a certificate that nobody it knows has signed, and whose key it shall accept
   */
  static async start(owner: Owner, trusted?: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'aquatic-chromium-'))
    const flags = [
      ...usualFlags,
      // The sandbox needs another user than root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...(trusted === undefined ? [] : [`--ignore-certificate-errors-spki-list=${keyHash(trusted)}`]),
      `--user-data-dir=${profile}`,
      'about:blank',
    ]
    const env = { ...cleanEnvironment(), HOME: profile }
    const chromium = startProcess(owner, program, flags, { env })
    owner.after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 20 }))
    const [line] = await chromium.waitForLines('stderr', /^DevTools listening on ws:/)
    const socket = new WebSocket(line.replace(/^DevTools listening on /, '').trim(), {
      perMessageDeflate: false,
    })
    await once(socket, 'open')
    return new Browser(socket, chromium)
  }

  /** Opens a page and waits until it and its modules are loaded. */
  async open(url: string): Promise<Page> {
    const { browserContextId } = await this.send<{ browserContextId: string }>('Target.createBrowserContext')
    const target = { url: 'about:blank', browserContextId }
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', target)
    const attach = { targetId, flatten: true }
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', attach)
    for (const domain of ['Runtime', 'Log', 'Page']) await this.send(`${domain}.enable`, {}, sessionId)
    const loaded = this.#event('Page.loadEventFired', sessionId)
    await this.send('Page.navigate', { url }, sessionId)
    await loaded
    return new Page(this, sessionId)
  }

  /** Sends a command to the browser, or to one of its pages. Rejects when it is refused or the browser is gone. */
  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    })
  }

  #event(method: string, sessionId: string): Promise<void> {
    return new Promise(resolve => {
      const look = (data: unknown): void => {
        const message = JSON.parse(String(data)) as Message
        if (message.method !== method || message.sessionId !== sessionId) return
        this.#socket.off('message', look)
        resolve()
      }
      this.#socket.on('message', look)
    })
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(describeException(params!.exceptionDetails!))
    } else if (method === 'Log.entryAdded') this.complaints.push(params!.entry!.text)
    const pending = this.#pending.get(id ?? 0)
    if (pending === undefined) return
    this.#pending.delete(id!)
    if (error === undefined) pending.resolve(result!)
    else pending.reject(new Error(error.message))
  }
}

/** What the browser's list of accepted keys has: the SHA-256 of the public key in Base64. */
function keyHash(certificatePath: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certificatePath))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64')
}

// Chooses between the engines: `native` (system calls through koffi, Linux) and `node` (the runtime's own sockets).

import { AquaticError } from '../errors.js'

export type EngineName = 'native' | 'node'

export interface EngineChoice {
  readonly engine: EngineName
  /** Why this one, for the start-up line. */
  readonly reason: string
}

/**
 * @param needsTls the native engine must be able to speak TLS too
 * @throws AquaticError AQ_ENGINE_UNAVAILABLE when `native` is asked for and can't work here
 */
export async function chooseEngine(asked: 'auto' | EngineName, needsTls: boolean): Promise<EngineChoice> {
  if (asked === 'node') return { engine: 'node', reason: 'network.engine = "node"' }
  const obstacle = await nativeObstacle(needsTls)
  if (obstacle === null) {
    return { engine: 'native', reason: asked === 'auto' ? 'Linux with koffi' : 'network.engine = "native"' }
  }
  if (asked === 'auto') return { engine: 'node', reason: obstacle }
  throw new AquaticError('AQ_ENGINE_UNAVAILABLE', `The native engine can't work here: ${obstacle}.`, {
    remedy: 'set network.engine to "auto" or "node"',
  })
}

async function nativeObstacle(needsTls: boolean): Promise<string | null> {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `it needs x64 or arm64, this is ${process.arch}`
  try {
    const { loadLibc } = await import('./native/libc.js')
    loadLibc()
  } catch (error) {
    return `koffi can't be loaded (${(error as Error).message.split('\n')[0]})`
  }
  if (!needsTls) return null
  const { nativeTlsObstacle } = await import('./native/tls.js')
  return nativeTlsObstacle()
}

/** Larger pages under a swarm, where the engine can ask for them; about 3 % less processor time per response. */
export async function preferHugePages(
  engine: EngineName,
  buffer: SharedArrayBuffer,
  firstByte: number,
): Promise<void> {
  if (engine !== 'native') return
  const { adviseHugePages } = await import('./native/huge-pages.js')
  adviseHugePages(buffer, firstByte)
}

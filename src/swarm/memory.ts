// Makes the shared buffer of one swarm. It is reserved whole and costs memory only where it is touched.
import { randomFillSync } from 'node:crypto'
import { AquaticError } from '../errors.js'
import { Header, Layout } from './layout.js'
import { tickSecondsFor } from './peer-entry.js'

export interface SwarmMemoryOptions {
  /** Hard limit of everything the swarm stores, 1 MiB to 8 GiB. */
  readonly memoryLimitBytes: number
  /** The longest `Announce.maxPeerAgeSeconds` that will be announced. */
  readonly maxPeerAgeSeconds: number
  readonly cleaningIntervalSeconds: number
  /** 16 bytes; random unless given (tests). */
  readonly hashKey?: Uint8Array
  /** Tests make shards few and large swarms begin early; a power of two up to 4096, and 4 to 8 (2^8 words = 1 KiB). */
  readonly shardCount?: number
  readonly bucketClass?: number
}

/** Handed to every thread of the swarm by `workerData`; all its state is in the buffer. */
export interface SwarmMemory {
  readonly buffer: SharedArrayBuffer
}

const memoryMinBytes = 2 ** 20

/**
 * Reserves and prepares the memory of a swarm.
 * Throws AQ_MEMORY_UNAVAILABLE when the limit is out of range or the reservation is refused.
 */
export function createSwarmMemory(options: SwarmMemoryOptions): SwarmMemory {
  const buffer = reserve(options.memoryLimitBytes)
  const words = wordsOf({ buffer })
  const slabCount = Math.floor(words.length / Layout.slabWords)
  const firstSlab = Math.ceil((Layout.descriptorsAt + slabCount * Layout.descriptorWords) / Layout.slabWords)
  words[Header.bucketClass] = options.bucketClass ?? 8
  words[Header.shardMask] = (options.shardCount ?? Layout.shardCountMax) - 1
  words[Header.tickSeconds] = tickSecondsFor(options.maxPeerAgeSeconds + 2 * options.cleaningIntervalSeconds)
  new Uint8Array(buffer, Layout.firstByte + Header.torrentKey * 4, 16).set(
    options.hashKey ?? randomFillSync(new Uint8Array(16)),
  )
  words[Header.poolFirst] = firstSlab
  words[Header.poolTop] = firstSlab
  words[Header.poolEnd] = Math.min(slabCount, 2 ** Layout.poolOrderMax)
  return { buffer }
}

/** Where peers and torrents begin in the buffer; before it lie header, shards and slab descriptors. */
export function heapOffsetBytes({ buffer }: SwarmMemory): number {
  return Layout.firstByte + wordsOf({ buffer })[Header.poolFirst] * Layout.slabWords * 4
}

/** The view that all positions in the swarm count from. */
export function wordsOf(memory: SwarmMemory): Int32Array {
  return new Int32Array(memory.buffer, Layout.firstByte)
}

function reserve(limitBytes: number): SharedArrayBuffer {
  if (!(limitBytes >= memoryMinBytes && limitBytes <= Layout.memoryMaxBytes)) {
    throw new AquaticError(
      'AQ_MEMORY_UNAVAILABLE',
      `A swarm's memory limit must be 1 MiB to 8 GiB, not ${limitBytes} bytes.`,
      { remedy: 'set swarm.memory_limit within this range' },
    )
  }
  try {
    return new SharedArrayBuffer(Math.floor(limitBytes / (Layout.slabWords * 4)) * Layout.slabWords * 4)
  } catch (cause) {
    throw new AquaticError(
      'AQ_MEMORY_UNAVAILABLE',
      `The system refused to reserve ${Math.ceil(limitBytes / 2 ** 20)} MiB for the swarms.`,
      { remedy: 'lower swarm.memory_limit, or raise the limit on address space (ulimit -v)', cause },
    )
  }
}

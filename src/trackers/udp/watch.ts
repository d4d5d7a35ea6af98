// What the operator of a UDP tracker should know, as its counters show it.

import type { Swarm } from '../../swarm/swarm.js'
import { memoryTrouble, type Trouble } from '../watch.js'
import type { UdpCounterName } from './counters.js'

export interface UdpTroubleSources {
  readonly swarm: Swarm
  readonly counters: () => Record<UdpCounterName, number>
  readonly kernelDrops: () => number
}

export function udpTroubles({ swarm, counters, kernelDrops }: UdpTroubleSources): Trouble[] {
  return [
    memoryTrouble(
      () => {
        const { announcesRefusedByMemoryLimit, peersRefusedByMemoryLimit } = counters()
        return announcesRefusedByMemoryLimit + peersRefusedByMemoryLimit
      },
      () => swarm.totals().limitBytes,
    ),
    {
      count: kernelDrops,
      sentence: more =>
        `the kernel dropped ${more} packets because a receive buffer was full. Raise ` +
        'network.socket_recv_buffer_size (and net.core.rmem_max), or socket_workers.',
    },
    {
      count: () => counters().sendsSkipped,
      sentence: more =>
        `${more} answers could not be sent (unreachable address or no room). If they are many, raise ` +
        'network.socket_send_buffer_size.',
    },
  ]
}

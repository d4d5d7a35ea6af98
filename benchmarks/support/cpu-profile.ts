// Reads a V8 processor profile (`--cpu-prof`) and says in which functions the time was spent.

/** The parts of a .cpuprofile file that matter here. `timeDeltas` are microseconds before each sample. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The time in one function itself, without what it called. */
export interface SelfTime {
  readonly name: string
  readonly place: string
  readonly selfMs: number
  readonly share: number
}

/** Self times of all functions, the largest first; shares are of the whole profile. */
export function rankSelfTimes(profile: CpuProfile): SelfTime[] {
  const frames = new Map(profile.nodes.map(node => [node.id, node.callFrame]))
  const totals = new Map<string, { name: string; place: string; selfMs: number }>()
  let wholeMs = 0
  for (const [index, nodeId] of profile.samples.entries()) {
    const frame = frames.get(nodeId)
    const deltaMs = (profile.timeDeltas[index] ?? 0) / 1000
    wholeMs += deltaMs
    if (frame === undefined) continue
    const file = frame.url.slice(frame.url.lastIndexOf('/') + 1)
    const place = file === '' ? '' : `${file}:${frame.lineNumber + 1}`
    const key = `${frame.functionName} ${frame.url}:${frame.lineNumber}`
    const total = totals.get(key) ?? { name: frame.functionName || '(anonymous)', place, selfMs: 0 }
    total.selfMs += deltaMs
    totals.set(key, total)
  }
  const ranked = [...totals.values()].sort((a, b) => b.selfMs - a.selfMs)
  return ranked.map(total => ({ ...total, share: total.selfMs / wholeMs }))
}

/**
 * The thread of a profile's file name, `CPU.DATE.TIME.PID.THREAD.SEQUENCE.cpuprofile`; 0 is the main
 * thread.
 */
export function threadOfProfile(fileName: string): number | undefined {
  const match = /^CPU\.\d+\.\d+\.\d+\.(\d+)\.\d+\.cpuprofile$/.exec(fileName)
  return match === null ? undefined : Number(match[1])
}

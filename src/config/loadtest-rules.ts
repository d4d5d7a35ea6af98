// Rules about several keys at once that hold in every load test.

import { parseStage } from './loadtest-stages.js'
import { notice, problem } from './rules.js'
import type { Finding, Layer, Setting, Value } from './schema.js'
import { parseTarget, scrapePathOf, type TargetProtocol } from './target-text.js'

/** The ways to say how fast requests are made, and what each is where it says nothing. */
const ways = {
  'load.rate': 0,
  'load.stages': [] as readonly string[],
  'load.saturate': false,
  'load.search': false,
} as const

/** Whether a setting says something. */
function says({ value }: Setting): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/**
 * One source that says how fast requests are made has said all about it: `--rate` overrules the stages of a file, and
 * `--saturate` its rate.
 */
export function expandPacing(layer: Layer): Finding[] {
  const findings: Finding[] = []
  const rate = layer.get('load.rate')
  if (rate?.value === 0 && rate.origin.kind === 'flag' && rate.origin.flag === '--rate') {
    const text = 'A rate of 0 sends nothing. Leave --rate away for as many requests as the tracker answers.'
    findings.push(problem(['load.rate'], text))
  }
  const said = Object.keys(ways).find(key => layer.has(key) && says(layer.get(key)!))
  if (said === undefined) return findings
  const { origin } = layer.get(said)!
  for (const [key, nothing] of Object.entries(ways)) {
    if (!layer.has(key)) layer.set(key, { value: nothing as Value, origin })
  }
  const duration = layer.get('duration')
  const stages = layer.get('load.stages')
  if (duration?.origin.kind === 'flag' && stages !== undefined && says(stages)) {
    const text = 'Stages have their own lengths: leave the duration away, or the stages.'
    findings.push(problem(['duration'], text))
  }
  return findings
}

/** What the rules have to know of a load test's configuration. */
interface Rules {
  readonly serverAddress: string
  readonly duration: number
  readonly load: {
    readonly rate: number
    readonly stages: readonly string[]
    readonly saturate: boolean
    readonly search: boolean
    readonly timeout: number
  }
}

export function examinePacing({ duration, load }: Rules): Finding[] {
  const findings: Finding[] = []
  const said = [
    ...(load.rate > 0 ? ['load.rate'] : []),
    ...(load.stages.length > 0 ? ['load.stages'] : []),
    ...(load.saturate ? ['load.saturate'] : []),
    ...(load.search ? ['load.search'] : []),
  ]
  if (said.length > 1) {
    const [first, ...others] = said
    const text = `${first} and ${others.join(', ')} are different loads. Keep one of them.`
    findings.push(problem([...others, first!], text))
  }
  if (
    load.stages.length > 0 &&
    load.stages.every(stage => (parseStage(stage)?.to ?? 0) === 0 && isFlat(stage))
  ) {
    findings.push(problem(['load.stages'], 'Stages at a rate of 0 send nothing. Give one of them a rate.'))
  }
  if (load.search && duration === 0) {
    const text = 'A search has many trials of this length, so duration cannot be 0. Try 10.'
    findings.push(problem(['duration', 'load.search'], text))
  }
  return findings
}

function isFlat(stage: string): boolean {
  const parsed = parseStage(stage)
  return parsed !== undefined && parsed.from === parsed.to
}

/** @param section where the weights are. At least one kind of request has to be made. */
export function examineWeights(section: string, weights: Readonly<Record<string, number>>): Finding[] {
  if (Object.values(weights).some(weight => weight > 0)) return []
  const keys = Object.keys(weights).map(name => `${section}.weight_${name}`)
  return [problem(keys, 'All weights are 0, so nothing would be asked. At least one has to be larger.')]
}

/** Whether scrapes have a place to go, and whether a URL and `network.tls` agree. */
export function examineTarget(
  protocol: TargetProtocol,
  serverAddress: string,
  tls: 'auto' | 'on' | 'off',
  section: string,
  scrapeWeight: number,
): Finding[] {
  const parsed = parseTarget(serverAddress, protocol)
  if ('problem' in parsed) return []
  const { isTls, path } = parsed.target
  const findings: Finding[] = []
  if (isTls !== null && tls !== 'auto' && isTls !== (tls === 'on')) {
    const text = `server_address says by its scheme whether TLS is spoken, so network.tls = "${tls}" does not count.`
    findings.push(notice(['network.tls', 'server_address'], text))
  }
  if (protocol === 'http' && scrapeWeight > 0 && scrapePathOf(path) === null) {
    const text =
      `The last part of the path ${path} does not begin with "announce", so there is no place for scrapes (BEP 48). ` +
      `Set ${section}.weight_scrape to 0, or mend the URL.`
    findings.push(problem(['server_address', `${section}.weight_scrape`], text))
  }
  return findings
}

/** Moves a renamed key within one source; both names in one have no clear meaning. */
export function expandRenamed(
  layer: Layer,
  older: string,
  todays: string,
  translate: (value: Value) => Value = value => value,
): Finding[] {
  const setting = layer.get(older)
  if (setting === undefined) return []
  if (layer.has(todays)) {
    const text = `${older} is a key of aquatic 0.9 and must not be mixed with ${todays}. Remove ${older}.`
    return [problem([older], text)]
  }
  layer.delete(older)
  layer.set(todays, { value: translate(setting.value), origin: setting.origin })
  return []
}

// From a configuration to a plan that can be run: looks up the tracker's name, looks whether it answers, chooses the
// engine.

import { targetOf } from '../config/target-text.js'
import { chooseEngine } from '../net/engine.js'
import type { LoadPlan } from './plan.js'
import { type LoadTestConfig, planOf } from './plan-of-config.js'
import { probeTarget } from './probe.js'
import { addressesOf, isOnThisMachine, loadTarget } from './target.js'

export interface PreparedTest {
  readonly plan: LoadPlan
  /** Which address a name stands for; null where an address was given. */
  readonly remark: string | null
}

export interface PrepareOptions {
  /** That this process may use. */
  readonly processors: number
  readonly signal: AbortSignal
}

/**
 * @throws AquaticError of needs.ts, target.ts, probe.ts and engine.ts
 * @returns null where the signal came first
 */
export async function prepareTest(
  test: LoadTestConfig,
  { processors, signal }: PrepareOptions,
): Promise<PreparedTest | null> {
  const { protocol, config } = test
  const text = targetOf(config.serverAddress, protocol)
  const addresses = await addressesOf(text)
  const settings = {
    protocol,
    urlSuffix: test.protocol === 'http' ? test.config.urlSuffix : '',
    verifiesCertificate: test.protocol !== 'udp' && test.config.network.verifyCertificate,
  }
  const tls = test.protocol === 'udp' ? 'off' : test.config.network.tls
  const answer = await probeTarget({ ...settings, target: text, addresses, tls, signal }).catch(
    (error: unknown) => {
      if (signal.aborted) return null
      throw error
    },
  )
  if (answer === null || signal.aborted) return null
  const target = loadTarget(text, answer.address, answer.isTls, settings)
  const { engine } = await chooseEngine(config.network.engine, target.isTls)
  const plan = planOf(test, { target, engine, processors, isTargetHere: isOnThisMachine(target.address) })
  return {
    plan,
    remark: answer.address === text.host ? null : addressText(text.host, answer.address, addresses),
  }
}

function addressText(name: string, address: string, addresses: readonly string[]): string {
  const others = addresses.filter(other => other !== address)
  return `${name} is ${address}${others.length === 0 ? '' : ` (it is ${others.join(', ')} too)`}.`
}

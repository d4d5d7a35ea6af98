import type { GeneratorContext } from '../generator.js'

/** Placeholder until the udp generator of the node engine is here. */
export function generateUdpNode({ plan }: GeneratorContext): void {
  throw new Error(`no generator for ${plan.protocol} on the ${plan.engine} engine`)
}

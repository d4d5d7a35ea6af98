import type { GeneratorContext } from '../generator.js'

/** Placeholder until the udp generator of the native engine is here. */
export function generateUdpNative({ plan }: GeneratorContext): void {
  throw new Error(`no generator for ${plan.protocol} on the ${plan.engine} engine`)
}

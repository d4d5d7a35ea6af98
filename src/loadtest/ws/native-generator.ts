import type { GeneratorContext } from '../generator.js'

/** Placeholder until the ws generator of the native engine is here. */
export function generateWsNative({ plan }: GeneratorContext): void {
  throw new Error(`no generator for ${plan.protocol} on the ${plan.engine} engine`)
}

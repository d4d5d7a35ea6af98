import type { GeneratorContext } from '../generator.js'

/** Placeholder until the http generator of the native engine is here. */
export function generateHttpNative({ plan }: GeneratorContext): void {
  throw new Error(`no generator for ${plan.protocol} on the ${plan.engine} engine`)
}

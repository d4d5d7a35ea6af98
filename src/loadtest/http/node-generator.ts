import type { GeneratorContext } from '../generator.js'

/** Placeholder until the http generator of the node engine is here. */
export function generateHttpNode({ plan }: GeneratorContext): void {
  throw new Error(`no generator for ${plan.protocol} on the ${plan.engine} engine`)
}

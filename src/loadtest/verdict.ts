// Whether the figures say something about the tracker.

import type { LoadPlan } from './plan.js'
import type { KindFigures, SelfCheck, Verdict } from './result.js'

export interface VerdictFacts {
  readonly plan: LoadPlan
  readonly kinds: readonly KindFigures[]
  readonly selfCheck: SelfCheck
  readonly measuredSeconds: number
}

/** The verdict, and a sentence for each reason and each doubt. */
export function judgeVerdict({ kinds }: VerdictFacts): { verdict: Verdict; reasons: readonly string[] } {
  const answered = kinds.reduce((sum, { outcomes }) => sum + outcomes.answered, 0)
  if (answered === 0) return { verdict: 'no-answers', reasons: ['Nothing was answered.'] }
  return { verdict: 'valid', reasons: [] }
}

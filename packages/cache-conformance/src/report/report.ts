import type { PromiseId } from '../promises.js'

/** The result of one case. */
export interface CaseResult {
  readonly id: string
  readonly promise: PromiseId
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped: the capability that excuses it. */
  readonly excuse?: string
  /** What failed, in words. */
  readonly failure?: string
  readonly expected?: string
  readonly seen?: string
  readonly durationMs: number
}

/** The result of a run, in the shape that `--json` prints. */
export interface Report {
  /** The name that the store gives itself. */
  readonly store: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly cases: readonly CaseResult[]
}

export function countOutcomes(cases: readonly CaseResult[]): Pick<Report, 'passed' | 'failed' | 'skipped'> {
  const count = (outcome: CaseResult['outcome']): number => cases.filter((one) => one.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
}

export interface Outcome {
  /** What the invariants say against this run. Empty: nothing. */
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  readonly loads: number
  readonly mostLoadsAtOnce: number
  readonly nearHits: number
  readonly hedges: number
}

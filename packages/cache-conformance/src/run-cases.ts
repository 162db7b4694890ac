import type { ConformanceCase } from './case.js'
import { CASES } from './cases/index.js'
import { ConformanceError, describe, expectWithin } from './expect.js'
import { type CaseResult, countOutcomes, type Report } from './report/report.js'
import { SideBySide } from './side-by-side.js'
import { Suite, type SuiteOptions } from './suite.js'

export interface RunOptions extends SuiteOptions {
  /** The cases to run. Default: all. */
  readonly cases?: readonly ConformanceCase[]
  /** Longest time in milliseconds for one case. Default 60 000. */
  readonly caseTimeoutMs?: number
  readonly onResult?: (result: CaseResult) => void
}

/** Runs the suite without a test runner. Rejects only when no store can be made at all. */
export async function runCases({
  cases = CASES,
  caseTimeoutMs = 60_000,
  onResult,
  ...options
}: RunOptions): Promise<Report> {
  const suite = new Suite(options)
  const ordered = new SideBySide(suite, cases)
  const results: CaseResult[] = []
  try {
    const store = await suite.storeName()
    for (const one of cases) {
      const result = await runCase(one, suite, ordered, caseTimeoutMs)
      results.push(result)
      onResult?.(result)
    }
    return { store, ...countOutcomes(results), cases: results }
  } finally {
    await suite.close()
  }
}

async function runCase(one: ConformanceCase, suite: Suite, ordered: SideBySide, ms: number): Promise<CaseResult> {
  const { id, promise, title } = one
  const begunAt = performance.now()
  const strays: unknown[] = []
  const onStray = (reason: unknown): void => void strays.push(reason)
  const result = (rest: Pick<CaseResult, 'outcome'> & Partial<CaseResult>): CaseResult => ({
    id,
    promise,
    title,
    durationMs: Math.round(performance.now() - begunAt),
    ...rest,
  })
  process.on('unhandledRejection', onStray)
  try {
    const excuse = await suite.excuse(one)
    if (excuse !== undefined) return result({ outcome: 'skipped', excuse })
    await expectWithin('the case', ms, () => ordered.run(one))
    // Unhandled rejections are reported at the end of a turn.
    await new Promise((resolve) => setImmediate(resolve))
    if (strays.length > 0) throw new ConformanceError('unhandled rejections', 'none', strays.map(describe).join(', '))
    return result({ outcome: 'passed' })
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    if (!(error instanceof ConformanceError)) return result({ outcome: 'failed', failure: describe(error) })
    return result({ outcome: 'failed', failure, expected: error.expected, seen: error.seen })
  } finally {
    process.off('unhandledRejection', onStray)
  }
}

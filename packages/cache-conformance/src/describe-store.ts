import { CASES } from './cases/index.js'
import { headingOf, PROMISES } from './promises.js'
import { SideBySide } from './side-by-side.js'
import { Suite, type SuiteOptions } from './suite.js'

type Body = (this: unknown, ...context: unknown[]) => Promise<void>

/** What the suite needs of a test runner: vitest, node:test, jest, mocha and bun all have it. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: Body, timeoutMs?: number): unknown
  /** Either `afterAll` or `after`, whichever the runner has. */
  readonly afterAll?: (body: () => Promise<void>) => unknown
  readonly after?: (body: () => Promise<void>) => unknown
}

export interface DescribeStoreOptions extends SuiteOptions {
  /** Heading of the suite. Default: `store conformance`. */
  readonly name?: string
}

/** Processes have to start, and engines with coarse clocks keep values for seconds. */
const CASE_TIMEOUT_MS = 60_000

/**
 * Declares the whole suite in any runner that has `describe` and `it`: one block per promise of the store contract, one
 * test per behaviour. Tests of what a store declares missing are skipped, with the capability as the reason.
 *
 * ```ts
 * import { afterAll, describe, it } from 'vitest'
 * describeStore({ describe, it, afterAll }, { create: ({ prefix }) => myStore({ prefix }) })
 * ```
 */
export function describeStore(runner: Runner, options: DescribeStoreOptions): void {
  const suite = new Suite(options)
  const ordered = new SideBySide(suite, CASES)
  const end = runner.afterAll ?? runner.after
  if (end === undefined) throw new TypeError('describeStore: the runner needs afterAll (or after), to close the store')
  runner.describe(options.name ?? 'store conformance', () => {
    end(() => suite.close())
    for (const promise of PROMISES) {
      const cases = CASES.filter((one) => one.promise === promise.id)
      runner.describe(headingOf(promise), () => {
        for (const one of cases) {
          runner.it(
            one.title,
            async function (this: unknown, ...context: unknown[]) {
              const excuse = await suite.excuse(one)
              if (excuse === undefined) await ordered.run(one)
              else skip(this, context[0], excuse)
            },
            CASE_TIMEOUT_MS,
          )
        }
      })
    }
  })
}

/**
 * Tells the runner why a test does not apply: vitest and node:test through their context, mocha through `this`. In
 * other runners the test passes.
 */
function skip(self: unknown, context: unknown, reason: string): void {
  const skippable = [context, self].find(
    (candidate): candidate is { skip(reason: string): void } =>
      typeof (candidate as { skip?: unknown } | null | undefined)?.skip === 'function',
  )
  skippable?.skip(reason)
}

import type { ConformanceCase } from './case.js'
import type { Suite } from './suite.js'

/**
 * Runs cases one after the other, except those that wait for real time: the first of these starts them all, side by
 * side. All of them end before a fault is injected.
 */
export class SideBySide {
  readonly #suite: Suite
  readonly #cases: readonly ConformanceCase[]
  #started: ReadonlyMap<string, Promise<PromiseSettledResult<void>>> | undefined

  constructor(suite: Suite, cases: readonly ConformanceCase[]) {
    this.#suite = suite
    this.#cases = cases.filter(({ waits }) => waits)
  }

  async run(one: ConformanceCase): Promise<void> {
    if (one.needs?.includes('faults') && this.#started !== undefined) await Promise.all(this.#started.values())
    if (!one.waits) return this.#suite.run(one)
    this.#started ??= new Map(this.#cases.map((each) => [each.id, this.#settle(each)]))
    const result = await this.#started.get(one.id)
    if (result?.status === 'rejected') throw result.reason
  }

  async #settle(one: ConformanceCase): Promise<PromiseSettledResult<void>> {
    const [result] = await Promise.allSettled([
      this.#suite.excuse(one).then((excuse) => (excuse === undefined ? this.#suite.run(one) : undefined)),
    ])
    return result
  }
}

import type { Outcome } from './outcome.js'
import { type PlayTerms, play, playOn } from './play.js'
import type { Scenario } from './scenarios/scenario.js'

/**
 * Engines on a Java machine, which takes longer to start than a scenario to play: their scenarios share a rig, in
 * order.
 */
const SHARES_A_RIG: readonly string[] = ['Couchbase', 'Hazelcast']

/**
 * Plays several scenarios at once. Returns the outcome of each; `undefined` where its engine cannot be started here.
 */
export function playAll(
  scenarios: readonly Scenario[],
  terms: PlayTerms & { readonly atOnce: number },
): ReadonlyMap<Scenario, Promise<Outcome | undefined>> {
  const outcomes = new Map<Scenario, Promise<Outcome | undefined>>()
  const lanes = new Lanes(terms.atOnce)
  // The long ones first, so that none of them is left over at the end.
  for (const engine of SHARES_A_RIG) {
    const chain = scenarios.filter((scenario) => scenario.engine === engine)
    if (chain.length > 0)
      for (const [scenario, outcome] of playChain(chain, terms, lanes)) outcomes.set(scenario, outcome)
  }
  for (const scenario of scenarios) {
    if (!outcomes.has(scenario))
      outcomes.set(
        scenario,
        lanes.run(() => play(scenario, terms)),
      )
  }
  return outcomes
}

function playChain(
  chain: readonly Scenario[],
  terms: PlayTerms,
  lanes: Lanes,
): ReadonlyMap<Scenario, Promise<Outcome | undefined>> {
  const outcomes = new Map<Scenario, Promise<Outcome | undefined>>()
  const rig = lanes.enter().then(() => chain[0]?.start())
  let before: Promise<unknown> = rig
  for (const scenario of chain) {
    const outcome = before.then(async () => {
      const standing = await rig
      return standing && playOn(standing, scenario, terms)
    })
    outcomes.set(scenario, outcome)
    before = outcome.catch(() => {})
  }
  void before
    .then(async () => (await rig)?.stop())
    .catch(() => {})
    .finally(() => lanes.leave())
  return outcomes
}

/** Runs a limited number of tasks at once; the others follow in the order in which they came. */
class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.enter()
    try {
      return await task()
    } finally {
      this.leave()
    }
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

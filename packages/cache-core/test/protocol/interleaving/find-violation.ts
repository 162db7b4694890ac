import { runScenario } from './scenario.js'
import type { ScenarioOptions } from './scenario-options.js'

const MOST_SEEDS = 2_000
/** So many seeds take half a second. */
const TOO_MANY = 50

/**
 * The first violation that the seeds find, or `undefined`.
 * @param firstSeed Where to begin: a seed that was seen to find it. The others follow, since any change of the protocol
 *   gives the seeds another meaning.
 */
export async function findViolation(options: ScenarioOptions, firstSeed = 1): Promise<string | undefined> {
  for (let tried = 0; tried < MOST_SEEDS; tried++) {
    const seed = ((firstSeed - 1 + tried) % MOST_SEEDS) + 1
    const [violation] = (await runScenario(seed, options)).violations
    if (violation === undefined) continue
    if (tried > TOO_MANY) console.warn(`Found by seed ${seed}, after ${tried} others: begin with it.`)
    return `seed ${seed}: ${violation}`
  }
  return undefined
}

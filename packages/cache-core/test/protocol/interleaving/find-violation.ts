import { runScenario, type ScenarioOptions } from './scenario.js'

const MOST_SEEDS = 2_000

/** The first violation that the seeds find, or `undefined`. */
export async function findViolation(options: ScenarioOptions): Promise<string | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const [violation] = (await runScenario(seed, options)).violations
    if (violation !== undefined) return `seed ${seed}: ${violation}`
  }
  return undefined
}

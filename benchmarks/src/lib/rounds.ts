import type { Sample } from './sample.js'
import { ROUNDS } from './settings.js'

/** One way of doing the same. */
export interface Contender {
  readonly name: string
  measure(): Promise<Sample>
}

/** Rounds that do not count: the compiler, the connections and the server's memory settle. */
const WARM_UP_ROUNDS = 2

/**
 * Measures all contenders once per round, each round beginning with another one, so that a busy stretch of the machine
 * touches all and none is always the first behind another. The samples of a contender, one per round, by its name.
 */
export async function measureRounds(contenders: readonly Contender[]): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const first = (round + WARM_UP_ROUNDS) % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const sample = await contender.measure()
      if (round >= 0) samples.get(contender.name)?.push(sample)
    }
  }
  return samples
}

import { expect } from 'vitest'

/** Prepares work of a given size, and returns the function to measure. */
export type Prepare = (size: number) => () => unknown

/** Rounds that always run, so that a pause during the small size does not hide what the large one costs. */
const FEWEST_ROUNDS = 3
/** Rounds after which the result counts as it is, and microseconds after which no further round begins. */
const MOST_ROUNDS = 12
const LONGEST_US = 3_000_000
/** A measurement shorter than this proves nothing. Microseconds. */
const SHORTEST_US = 500

/**
 * Fails if the work costs more than in proportion to its size. Measures the processor's time, which a pause of the
 * garbage collector or a busy machine can only increase; so the least of several rounds counts, and rounds go on until
 * it holds. The bound is midway between linear and quadratic work: for eight times the size, 22 times the time.
 */
export async function expectLinear(
  prepare: Prepare,
  { small, large }: { readonly small: number; readonly large: number },
  what = '',
): Promise<void> {
  const bound = (large / small) ** 1.5
  const [few, many] = [prepare(small), prepare(large)]
  await few()
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let spent = 0
  for (let round = 1; round <= MOST_ROUNDS && (round <= FEWEST_ROUNDS || spent < LONGEST_US); round++) {
    const [one, other] = [await cpuOf(few), await cpuOf(many)]
    spent += one + other
    least = Math.min(least, one)
    most = Math.min(most, other)
    const holds = most < bound * Math.max(least, SHORTEST_US)
    if (holds && (round >= FEWEST_ROUNDS || most < bound * SHORTEST_US)) return
  }
  expect.fail(`${what} at ${small}: ${least} µs, at ${large}: ${most} µs; expected less than ${bound.toFixed()} times`)
}

/** Processor time of this process, in microseconds. */
async function cpuOf(work: () => unknown): Promise<number> {
  const began = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(began)
  return user + system
}

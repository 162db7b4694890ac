// In which runs of turbo the tests go. Pure: tools/test.mjs starts them.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/**
 * What follows when all that keeps the cores busy has ended: their tests wait for real servers and for time to pass. First
 * two lanes at once, of which each tests one package after the other: no more than two packages where servers have
 * deadlines of their own, since nodes of a Redis cluster lost each other beside three, and never Couchbase beside
 * Hazelcast, whose nodes starve each other. The lanes take as long as each other (155 s).
 * @type {readonly (readonly string[])[]}
 */
const LANES = [ours(['multi-process', 'cache-couchbase']), ours(['cache-hazelcast', 'cache-redis', 'cache-memcached'])]

/** Then these, all at once. */
const TOGETHER = ours(['cache-conformance', 'demo', 'faults'])

/**
 * The arguments of each run of turbo. Stages follow one another; in a stage its lanes run beside each other, and in a lane
 * one run follows another.
 * @param {readonly string[]} tasks
 * @param {readonly string[]} wishes  Of whoever called. Some name packages: then it is one run, of those.
 * @returns {string[][][][]}  stages of lanes of runs
 */
export function turboRuns(tasks, wishes) {
  /**
   * @param {number} concurrency
   * @param {string[]} filters
   */
  const run = (concurrency, filters) => [...tasks, `--concurrency=${concurrency}`, ...filters, ...wishes]
  if (wishes.some((wish) => /^(--filter|-F|--affected)/.test(wish))) return [[[run(1, [])]]]
  /**
   * @param {readonly string[]} names
   * @param {string} [sign]
   */
  const filters = (names, sign = '') => names.map((name) => `--filter=${sign}${name}`)
  const busy = run(2, filters([...LANES.flat(), ...TOGETHER], '!'))
  const lanes = LANES.map((names) => names.map((name) => run(1, filters([name]))))
  return [[[busy]], lanes, [[run(TOGETHER.length, filters(TOGETHER))]]]
}

// Which runs of turbo the tests are in. Pure: tools/test.mjs starts them.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/**
 * Packages that are tested after all those that keep the cores busy: their tests wait for real servers and for time to
 * pass. First come two lanes at once, each of which tests one package after another. No more than two packages run
 * where servers have deadlines of their own: nodes of a Redis cluster lost each other beside three. Couchbase never
 * runs beside Hazelcast, whose nodes starve each other. Both lanes take equally long (155 s).
 * @type {readonly (readonly string[])[]}
 */
const LANES = [ours(['multi-process', 'cache-couchbase']), ours(['cache-hazelcast', 'cache-redis', 'cache-memcached'])]

/** After the lanes, all at once. */
const TOGETHER = ours(['cache-conformance', 'demo', 'faults'])

/**
 * The arguments of each run of turbo. Stages follow one another. The lanes of a stage run at once, and the runs of a
 * lane follow one another.
 * @param {readonly string[]} tasks
 * @param {readonly string[]} wishes  The caller's arguments. If some name packages, there is one run, of those.
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

// In which runs of turbo the tests go. Pure: tools/test.mjs starts them, one after the other.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/**
 * What follows when all that keeps the cores busy has ended, one group after the other. Their tests wait for real servers
 * and for time to pass: all packages of a group run beside each other, and together they keep two cores busy for three
 * quarters of their time.
 * @type {readonly (readonly string[])[]}
 */
const WAITING = [
  ours(['cache-couchbase', 'cache-hazelcast', 'multi-process']),
  ours(['cache-conformance', 'cache-memcached', 'cache-redis', 'faults']),
]

/**
 * The arguments of each run.
 * @param {readonly string[]} tasks
 * @param {readonly string[]} wishes  Of whoever called. Some name packages: then it is one run, of those.
 * @returns {string[][]}
 */
export function turboRuns(tasks, wishes) {
  /**
   * @param {number} concurrency
   * @param {string[]} filters
   */
  const run = (concurrency, filters) => [...tasks, `--concurrency=${concurrency}`, ...filters, ...wishes]
  if (wishes.some((wish) => /^(--filter|-F|--affected)/.test(wish))) return [run(1, [])]
  /**
   * @param {readonly string[]} names
   * @param {string} [sign]
   */
  const filters = (names, sign = '') => names.map((name) => `--filter=${sign}${name}`)
  return [run(2, filters(WAITING.flat(), '!')), ...WAITING.map((names) => run(names.length, filters(names)))]
}

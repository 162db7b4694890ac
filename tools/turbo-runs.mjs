// In which runs of turbo the tests go. Pure: tools/test.mjs starts them, one after the other.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/**
 * Their tests wait for real servers most of the time: they follow when what keeps the cores busy has ended. The two
 * longest first, beside each other.
 */
const WAIT_FOR_SERVERS = [
  ours(['cache-hazelcast', 'multi-process']),
  ours(['cache-couchbase', 'cache-memcached', 'cache-redis']),
]

/** Their scenarios last for seconds of the clock, whatever the cores do: at last, and beside each other. */
const LAST_FOR_SECONDS = ours(['cache-conformance', 'faults'])

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
  const later = [...WAIT_FOR_SERVERS, LAST_FOR_SECONDS]
  return [filters(later.flat(), '!'), ...later.map((names) => filters(names))].map((chosen) => run(2, chosen))
}

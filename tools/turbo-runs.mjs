// In which runs of turbo the tests go. Pure: tools/test.mjs starts them, one after the other.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/** Their tests wait for real servers most of the time: two packages at once, when what keeps the cores busy has ended. */
const WAIT_FOR_SERVERS = ours(['cache-couchbase', 'cache-hazelcast', 'cache-memcached', 'cache-redis', 'multi-process'])

/** What their tests compare are times: one package after the other, at last. */
const MEASURE_TIME = ours(['cache-conformance', 'faults'])

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
  return [
    run(2, filters([...WAIT_FOR_SERVERS, ...MEASURE_TIME], '!')),
    run(2, filters(WAIT_FOR_SERVERS)),
    run(1, filters(MEASURE_TIME)),
  ]
}

// In which runs of turbo the tests go. Pure: tools/test.mjs starts them, one after the other.

/** Their tests measure times, most on real servers: one package after the other, when all else has ended. */
const MEASURE_TIME = [
  'cache-conformance',
  'cache-couchbase',
  'cache-hazelcast',
  'cache-memcached',
  'cache-redis',
  'faults',
  'multi-process',
].map((name) => `@tiercel/${name}`)

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
  return [
    run(
      2,
      MEASURE_TIME.map((name) => `--filter=!${name}`),
    ),
    run(
      1,
      MEASURE_TIME.map((name) => `--filter=${name}`),
    ),
  ]
}

// In which runs of turbo the tests go. Pure: tools/test.mjs starts them, one after the other.

/** @param {readonly string[]} names */
const ours = (names) => names.map((name) => `@tiercel/${name}`)

/**
 * What follows when all that keeps the cores busy has ended, one group after the other. Their tests wait for real servers
 * and for time to pass: some packages of a group run beside each other. No more of them than two where servers have
 * deadlines of their own: nodes of a Redis cluster lost each other beside three, and a node of Couchbase was too slow
 * beside Hazelcast's.
 * @type {readonly { readonly names: readonly string[], readonly concurrency: number }[]}
 */
const WAITING = [
  { names: ours(['cache-hazelcast', 'multi-process']), concurrency: 2 },
  { names: ours(['cache-couchbase', 'cache-memcached', 'cache-redis']), concurrency: 2 },
  { names: ours(['cache-conformance', 'demo', 'faults']), concurrency: 3 },
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
  const busy = filters(
    WAITING.flatMap(({ names }) => names),
    '!',
  )
  return [run(2, busy), ...WAITING.map(({ names, concurrency }) => run(concurrency, filters(names)))]
}

/**
 * Runs the benchmarks, each in a process of its own, so that one's compiled code and heap are not another's, and shows
 * the figures of all in one table. `npm run bench -- --quick --only http`
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type Figure, missesBar } from './lib/figure.js'
import { table } from './lib/table.js'

/** Names of files beside this one. */
const BENCHMARKS = [
  'get-or-set-memory',
  'near',
  'near-memory',
  'diagnostics-off',
  'get-or-set-redis',
  'http',
  'cold-key',
  'cold-crowd',
  'adapter-redis',
  'adapter-memcached',
  'adapter-couchbase',
  'adapter-hazelcast',
  'memcached-reads',
]

/** Run when they are named: two show behaviour and no figures, one takes minutes, one needs an earlier build. */
const NAMED = ['memjs-faults', 'near-eviction', 'http-limits', 'earlier-build']

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, quick: { type: 'boolean', default: false } },
})
const known = [...BENCHMARKS, ...NAMED]
const unknown = values.only?.filter((name) => !known.some((file) => file.startsWith(name))) ?? []
if (unknown.length > 0) {
  console.error(`no benchmark begins with '${unknown[0]}'; there are ${known.join(', ')}`)
  process.exit(2)
}
const chosen =
  values.only === undefined ? BENCHMARKS : known.filter((file) => values.only?.some((name) => file.startsWith(name)))

const figures: Figure[] = []
const failed: string[] = []
for (const name of chosen) {
  const begun = performance.now()
  const child = fork(new URL(`./${name}.ts`, import.meta.url), values.quick ? ['--quick'] : [])
  child.on('message', (message: { figures: Figure[] }) => figures.push(...message.figures))
  const [code] = await once(child, 'exit')
  if (code !== 0) failed.push(name)
  console.log(`${name}: ${code === 0 ? 'done' : 'FAILED'} in ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
}

if (figures.length > 0) console.log(`\n${table(figures)}\n`)
const missed = figures.filter(missesBar).map(({ subject }) => subject)
if (missed.length > 0) console.log(`below the bar: ${missed.join('; ')}`)
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
if (missed.length + failed.length > 0) process.exitCode = 1

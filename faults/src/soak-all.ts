import { couchbaseRig } from './rigs/couchbase.js'
import { hazelcastRig } from './rigs/hazelcast.js'
import { memcachedRig } from './rigs/memcached.js'
import { redisRig } from './rigs/redis.js'
import { soakFaults } from './scenarios/index.js'
import { growth, type SoakResult, soak } from './soak.js'

const RIGS = {
  Redis: redisRig,
  Memcached: memcachedRig(3),
  Couchbase: couchbaseRig,
  Hazelcast: hazelcastRig,
} as const

type Engine = keyof typeof RIGS

/** A fault of two seconds every five. */
const TURN = { faultMs: 2_000, calmMs: 3_000 }

/**
 * Runs a soak on each engine named, by default on all, for an equal share of the time. Exits with 1 if something grows,
 * fails or prints.
 */
export async function soakAll(names: readonly string[], seconds: number): Promise<void> {
  const engines = (Object.keys(RIGS) as Engine[]).filter((name) => names.length === 0 || names.includes(name))
  for (const engine of engines) {
    const rig = await RIGS[engine]()
    if (rig === undefined) {
      console.log(`${engine}: cannot be started here`)
      continue
    }
    const result = await soak(rig, soakFaults[engine], { forMs: (seconds * 1_000) / engines.length, ...TURN })
    await rig.stop()
    console.log(`${engine}: ${described(result)}`)
    for (const line of [...result.problems, ...result.printed].slice(0, 10)) console.log(`  ${line}`)
    if (!holds(result)) process.exitCode = 1
  }
}

/** Whether nothing has grown, failed or been printed. */
export function holds({ samples, problems, printed }: SoakResult): boolean {
  const heap = growth(samples, 'heapBytes')
  const descriptors = growth(samples, 'descriptors')
  const listeners = growth(samples, 'listeners')
  const isFlat =
    heap.to < heap.from * 1.1 + MIB && descriptors.to <= descriptors.from + FEW && listeners.to <= listeners.from
  return isFlat && problems.length === 0 && printed.length === 0
}

function described({ requests, faults, samples, printed }: SoakResult): string {
  const heap = growth(samples, 'heapBytes')
  const descriptors = growth(samples, 'descriptors')
  const listeners = growth(samples, 'listeners')
  return [
    `${requests} requests, ${faults} faults`,
    `heap ${mib(heap.from)} to ${mib(heap.to)} MiB`,
    `descriptors ${descriptors.from} to ${descriptors.to}`,
    `listeners ${listeners.from} to ${listeners.to}`,
    `${printed.length} printed`,
  ].join('; ')
}

const MIB = 1_048_576
/** If each fault left something open, there would be a hundred. */
const FEW = 8

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}

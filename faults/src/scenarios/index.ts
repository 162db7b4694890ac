import { couchbaseRig } from '../rigs/couchbase.js'
import { hazelcastPairRig, hazelcastRig, hazelcastSplittingRig } from '../rigs/hazelcast.js'
import { memcachedRig } from '../rigs/memcached.js'
import { redisRig, redisRigOnTwoLines } from '../rigs/redis.js'
import { redisClusterRig } from '../rigs/redis-cluster.js'
import { redisReplicatedClusterRig, redisSentinelRig } from '../rigs/redis-replicated.js'
import type { StartRig } from '../rigs/rig.js'
import { failedOver, hiccup, truncated } from './couchbase-faults.js'
import { clusterFailover, clusterMasterLost, resharding, sentinelFailover, sentinelMasterLost } from './failovers.js'
import { NEAR, NEAR_FOR_A_WHILE } from './near.js'
import { busyScript, evictsAll, full, readOnly, writesPaused } from './redis-faults.js'
import {
  clientsKilled,
  loadingSnapshot,
  passwordChanged,
  restartedEmpty,
  scriptsFlushed,
  snapshotFailed,
  tooManyClients,
} from './redis-troubles.js'
import type { Fault, Scenario } from './scenario.js'
import {
  evictions,
  frozen,
  killed,
  memberFrozen,
  memberKilled,
  memberSplitOff,
  none,
  restarted,
} from './server-faults.js'
import { apart } from './skew.js'
import { alike, silent, stray, wireFaults } from './wire-faults.js'

/** Faults that any server may meet. */
const COMMON: readonly Fault[] = [none, frozen, restarted, ...wireFaults, evictions]

function rows(engine: string, start: StartRig, faults: readonly Fault[]): Scenario[] {
  return faults.map((fault) => ({ engine, start, fault }))
}

function oneOf(count: number, engine: string, start: StartRig, faults: readonly Fault[]): Scenario[] {
  return faults.flatMap((fault) =>
    Array.from({ length: count }, (_, failing) => ({
      engine,
      start,
      fault: { ...fault, name: `${failing + 1} of ${count} ${fault.name}` },
      failing,
      oneOfMany: true,
    })),
  )
}

/**
 * Where another fault has shown that it does not matter which server fails: the first one is played, the others only in
 * long tests.
 */
function oftenEnoughOnce(scenario: Scenario, index: number): Scenario {
  return { ...scenario, long: index > 0 }
}

/** For an engine whose rows are played in order: rows that other engines also cover are played in long tests only. */
function withoutAlike(scenario: Scenario): Scenario {
  return { ...scenario, long: alike.includes(scenario.fault) }
}

/**
 * A connection that Couchbase's SDK cannot read any more stays silent when the fault is over, and has to be noticed
 * first: after an operation's timeout and half a second.
 */
function slowlyNoticed(scenario: Scenario): Scenario {
  return scenario.fault === stray ? { ...scenario, fault: { ...stray, comesAndGoes: true } } : scenario
}

/** The faults of a soak, in order. */
export const soakFaults = {
  Redis: [...COMMON.slice(1), readOnly, writesPaused, busyScript, full, evictsAll],
  Memcached: COMMON.slice(1),
  Couchbase: COMMON.slice(1),
  Hazelcast: [frozen, ...wireFaults, evictions],
} as const

/** The table: each engine with each fault that it can meet. */
export const scenarios: readonly Scenario[] = [
  ...rows('Redis', redisRig, [...COMMON, readOnly, writesPaused, busyScript, full, evictsAll]),
  ...rows('Redis', redisRig, [
    clientsKilled,
    scriptsFlushed,
    restartedEmpty,
    snapshotFailed,
    loadingSnapshot,
    tooManyClients,
    passwordChanged,
  ]),
  { engine: 'Redis', start: redisRig, fault: { ...none, name: 'clocks 10 min apart' }, cache: apart },
  { engine: 'Redis, near cache', start: redisRig, fault: frozen, ...NEAR },
  { engine: 'Redis, near cache', start: redisRig, fault: silent, ...NEAR },
  {
    engine: 'Redis, near cache',
    start: redisRigOnTwoLines,
    fault: { ...silent, name: '1 of 2 processes cut off', answersNothing: false },
    ...NEAR_FOR_A_WHILE,
  },
  ...oneOf(3, 'Redis Cluster', redisClusterRig, [frozen]),
  ...oneOf(3, 'Redis Cluster', redisClusterRig, [silent]).map(oftenEnoughOnce),
  { engine: 'Redis Cluster', start: redisClusterRig, fault: { ...killed, name: '1 of 3 killed' }, oneOfMany: true },
  ...rows('Redis Cluster', redisReplicatedClusterRig, [resharding, clusterFailover, clusterMasterLost]),
  ...rows('Redis Sentinel', redisSentinelRig, [sentinelFailover, sentinelMasterLost]),
  ...rows('Memcached', memcachedRig(1), COMMON),
  ...oneOf(3, 'Memcached, 3 servers', memcachedRig(3), [restarted]),
  ...oneOf(3, 'Memcached, 3 servers', memcachedRig(3), [frozen]).map(oftenEnoughOnce),
  ...rows('Couchbase', couchbaseRig, COMMON).map(withoutAlike).map(slowlyNoticed),
  {
    engine: 'Couchbase',
    start: couchbaseRig,
    fault: { ...silent, name: '1 of 2 nodes silent', answersNothing: false },
    failing: 1,
  },
  ...rows('Couchbase', couchbaseRig, [failedOver]),
  ...rows('Couchbase', couchbaseRig, [hiccup, truncated]).map((scenario) => ({ ...scenario, long: true })),
  ...rows('Hazelcast', hazelcastRig, [none, frozen, ...wireFaults, evictions]).map(withoutAlike),
  ...rows('Hazelcast, 2 members', hazelcastPairRig, [memberFrozen, memberKilled]),
  {
    engine: 'Hazelcast, 2 members',
    start: hazelcastPairRig,
    fault: { ...memberFrozen, name: 'one of two frozen, markGrace' },
    cache: () => ({ markGrace: '1m' }),
    long: true,
  },
  {
    engine: 'Hazelcast, 3 members',
    start: hazelcastSplittingRig,
    fault: memberSplitOff,
    long: true,
    leastMs: 6_000,
    settleMs: 8_000,
  },
]

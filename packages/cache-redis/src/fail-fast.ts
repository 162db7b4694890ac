import type { ClusterOptions, RedisOptions } from 'ioredis'
import { READ_ONLY } from './errors.js'
import { Spacing } from './spacing.js'

/** Milliseconds, a quarter of them random. Short: where nobody listens an attempt costs both sides next to nothing. */
function pauseBeforeRetry(times: number): number {
  return Math.min(25 * 2 ** times, 100) * (0.75 + Math.random() / 4)
}

/**
 * How a client must be set up to fail at once instead of queueing, and to be back soon after the server is. The store
 * sets its own client up so; give it to the one that you supply: `new Redis({ ...failFast, sentinels, name })`.
 */
export const failFast = {
  /** Offline, an operation fails at once. */
  enableOfflineQueue: false,
  /** What was under way on a lost connection fails at once, */
  maxRetriesPerRequest: 0,
  /** and is never sent again: a repeated conditional write reports a conflict with its own first attempt. */
  autoResendUnfulfilledCommands: false,
  /** A server that is still loading says so to each command; waiting for it would take the connection away. */
  enableReadyCheck: false,
  /** Milliseconds for one attempt to connect. */
  connectTimeout: 2_000,
  /**
   * Milliseconds without an answer to anything sent, after which the connection counts as dead: its peer may be gone
   * without a word, and another connection be answered.
   */
  socketTimeout: 2_000,
  /** Milliseconds that the peer has to end the connection at `close`. */
  disconnectTimeout: 250,
  retryStrategy: pauseBeforeRetry,
  /**
   * After a failover the old address may lead to a replica; a new connection finds the new master. Where it finds the
   * replica again the next one is made ever later, since each fails what is under way.
   */
  reconnectOnError(this: object, { message }: Error): boolean {
    return READ_ONLY.test(message) && spacingOf(this).take()
  },
} satisfies RedisOptions

const spacings = new WeakMap<object, Spacing>()

/** By the settings themselves, of which every client of ioredis has a copy. */
function spacingOf(settings: object): Spacing {
  const spacing = spacings.get(settings) ?? new Spacing()
  spacings.set(settings, spacing)
  return spacing
}

/**
 * `failFast` for a cluster: `new Cluster(nodes, failFastCluster)`. Settings of the nodes' connections go into its
 * `redisOptions`: `{ ...failFastCluster, redisOptions: { ...failFastCluster.redisOptions, password } }`.
 */
export const failFastCluster = {
  /** A node that is not connected fails its keys at once. */
  enableOfflineQueue: false,
  /** Nothing is sent again, */
  retryDelayOnFailover: 0,
  /** nor waits for a cluster that says it is down. */
  retryDelayOnClusterDown: 0,
  /** Where a part of the cluster is down, the rest is used. */
  enableReadyCheck: false,
  clusterRetryStrategy: pauseBeforeRetry,
  /** A node that is lost is connected to again: by default ioredis forgets it, and asks others for its keys. */
  clusterNodeRetryStrategy: pauseBeforeRetry,
  /** Milliseconds; nodes may be moved or replaced without a command that would show it. */
  slotsRefreshInterval: 10_000,
  redisOptions: failFast,
} satisfies ClusterOptions

/** What ioredis takes where the shape of its replies is its usual one. */
export type ClusterSettings = Omit<ClusterOptions, 'redisOptions'> & {
  readonly redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>
}

/** Of the store's own cluster client. @param config Settings of the connections to its nodes. */
export function clusterSettings(config: Omit<RedisOptions, 'replyMapping'>): ClusterSettings {
  return {
    ...failFastCluster,
    lazyConnect: true,
    redisOptions: { ...failFast, ...config },
    // A certificate is issued for a name: it is left to the connection to resolve it.
    ...(config.tls !== undefined && { dnsLookup: (address, callback) => callback(null, address) }),
  }
}

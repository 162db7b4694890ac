import type { ClusterOptions, RedisOptions } from 'ioredis'
import { READ_ONLY } from './errors.js'
import { Spacing } from './spacing.js'

/** Milliseconds, a quarter of them random. Short: an attempt where nobody listens costs both sides next to nothing. */
function pauseBeforeRetry(times: number): number {
  return Math.min(25 * 2 ** times, 100) * (0.75 + Math.random() / 4)
}

/**
 * Settings with which a client fails at once instead of queueing, and is back soon after the server is. The store's own
 * client has them; pass them to a client of your own: `new Redis({ ...failFast, sentinels, name })`.
 */
export const failFast = {
  /** While offline, operations fail at once. */
  enableOfflineQueue: false,
  /** Commands under way on a connection fail at once when it is lost. */
  maxRetriesPerRequest: 0,
  /** They are never sent again: a repeated conditional write reports a conflict with its own first attempt. */
  autoResendUnfulfilledCommands: false,
  /** A server that is still loading says so to each command; waiting for it would mean having no connection. */
  enableReadyCheck: false,
  /** Milliseconds for one attempt to connect. */
  connectTimeout: 2_000,
  /**
   * Milliseconds without an answer to anything sent, after which the connection counts as dead: its peer may have
   * silently gone, and a new connection may get answers.
   */
  socketTimeout: 2_000,
  /** Milliseconds that the peer has to end the connection on `close`. */
  disconnectTimeout: 250,
  retryStrategy: pauseBeforeRetry,
  /**
   * After a failover the old address may lead to a replica, and a new connection finds the new master. If it finds the
   * replica again, the next attempts come at growing intervals, since each fails the commands under way.
   */
  reconnectOnError(this: object, { message }: Error): boolean {
    return READ_ONLY.test(message) && spacingOf(this).take()
  },
} satisfies RedisOptions

const spacings = new WeakMap<object, Spacing>()

/** Keyed by the settings object, of which every ioredis client has its own copy. */
function spacingOf(settings: object): Spacing {
  const spacing = spacings.get(settings) ?? new Spacing()
  spacings.set(settings, spacing)
  return spacing
}

/**
 * `failFast` for a cluster: `new Cluster(nodes, failFastCluster)`. Settings for the connections to its nodes go into
 * `redisOptions`: `{ ...failFastCluster, redisOptions: { ...failFastCluster.redisOptions, password } }`.
 */
export const failFastCluster = {
  /** The keys of a node that is not connected fail at once. */
  enableOfflineQueue: false,
  /** Nothing is sent again. */
  retryDelayOnFailover: 0,
  /** Nothing waits for a cluster that says it is down. */
  retryDelayOnClusterDown: 0,
  /** While a part of the cluster is down, the rest is used. */
  enableReadyCheck: false,
  clusterRetryStrategy: pauseBeforeRetry,
  /** Reconnects to a lost node: by default ioredis forgets it, and asks other nodes for its keys. */
  clusterNodeRetryStrategy: pauseBeforeRetry,
  /** Milliseconds. Nodes may be moved or replaced without any command showing it. */
  slotsRefreshInterval: 10_000,
  redisOptions: failFast,
} satisfies ClusterOptions

/** ioredis's cluster options, for replies of the usual shape. */
export type ClusterSettings = Omit<ClusterOptions, 'redisOptions'> & {
  readonly redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>
}

/** The settings of the store's own cluster client. @param config Settings of the connections to its nodes. */
export function clusterSettings(config: Omit<RedisOptions, 'replyMapping'>): ClusterSettings {
  return {
    ...failFastCluster,
    lazyConnect: true,
    redisOptions: { ...failFast, ...config },
    // A certificate is issued for a name, so the connection itself has to resolve it.
    ...(config.tls !== undefined && { dnsLookup: (address, callback) => callback(null, address) }),
  }
}

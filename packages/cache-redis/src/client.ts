import type { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

/** The servers that take writes; for a cluster, those that its client knows so far. */
export function mastersOf(client: RedisClient): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}

/** The same one each time, while the cluster stays the same. @throws Error when the cluster's client knows none. */
export function firstMaster(client: RedisClient): Redis {
  const [master] = mastersOf(client)
  if (master === undefined) throw new Error('the cluster has no nodes')
  return master
}

/** A random one. @throws Error when the cluster's client knows none. */
export function anyMaster(client: RedisClient): Redis {
  const masters = mastersOf(client)
  return masters[Math.floor(Math.random() * masters.length)] ?? firstMaster(client)
}

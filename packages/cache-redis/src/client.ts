import type { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

/** The servers that take writes; of a cluster, those that its client knows by now. */
export function mastersOf(client: RedisClient): Redis[] {
  return client.isCluster ? (client as Cluster).nodes('master') : [client as Redis]
}

/** The same one each time, as long as the cluster is the same. @throws Error when the cluster's client knows none. */
export function firstMaster(client: RedisClient): Redis {
  const [master] = mastersOf(client)
  if (master === undefined) throw new Error('the cluster has no nodes')
  return master
}

/** Another one each time. @throws Error when the cluster's client knows none. */
export function anyMaster(client: RedisClient): Redis {
  const masters = mastersOf(client)
  return masters[Math.floor(Math.random() * masters.length)] ?? firstMaster(client)
}

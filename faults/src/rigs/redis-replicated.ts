import { redisStore } from '@tiercel/cache-redis'
import { type Server, startServer } from '@tiercel/servers'
import { addReplica, IMPATIENT, startCluster } from '../../../packages/cache-redis/test/support/cluster.js'
import { startSentinel } from '../../../packages/cache-redis/test/support/sentinel.js'
import { command } from './redis.js'
import type { Machine, Rig } from './rig.js'

function machinesOf(servers: readonly Server[]): readonly Machine[] {
  return servers.map((server) => ({ server, line: undefined }))
}

/** Three masters and a replica of the first, reached by a URL as in an application. The replica is the last machine. */
export async function redisReplicatedClusterRig(): Promise<Rig | undefined> {
  const cluster = await startCluster(['--cluster-require-full-coverage', 'no', ...IMPATIENT])
  const replica = cluster && (await addReplica(cluster, 0))
  if (cluster === undefined || replica === undefined) return undefined
  const open = (prefix: string): ReturnType<typeof redisStore> =>
    redisStore({ url: `redis+cluster://${cluster.nodes}`, prefix })
  return {
    machines: machinesOf([...cluster.servers, replica]),
    open,
    openBehind: open,
    command,
    async stop() {
      await Promise.all([cluster.stop(), replica.stop()])
    },
  }
}

/** A master, a replica and a sentinel, reached by the sentinel's URL. */
export async function redisSentinelRig(): Promise<Rig | undefined> {
  const master = await startServer('redis')
  if (master === undefined || master.external) return undefined
  const port = new URL(master.url).port
  const replica = await startServer('redis', { args: ['--replicaof', '127.0.0.1', port] })
  if (replica === undefined) return undefined
  const sentinel = await startSentinel(Number(port), ['down-after-milliseconds 500', 'failover-timeout 3000'])
  const open = (prefix: string): ReturnType<typeof redisStore> =>
    redisStore({ url: `redis+sentinel://${sentinel.address}/main`, prefix })
  const machines = machinesOf([master, replica])
  const sentinels: Machine = { server: { ...master, url: `redis://${sentinel.address}` }, line: undefined }
  return {
    machines: [...machines, sentinels],
    open,
    openBehind: open,
    command,
    async stop() {
      await sentinel.stop()
      await Promise.all([master.stop(), replica.stop()])
    },
  }
}

import { failFastCluster, redisStore } from '@tiercel/cache-redis'
import { Cluster } from 'ioredis'
import { IMPATIENT, startCluster } from '../../../packages/cache-redis/test/support/cluster.js'
import { FaultProxy } from '../wire/fault-proxy.js'
import { command } from './redis.js'
import type { Rig } from './rig.js'

/**
 * Three masters, each behind a line. Clients are told the addresses of the lines, as they are behind a load balancer.
 */
export async function redisClusterRig(): Promise<Rig | undefined> {
  // Otherwise, when one master is away, the others refuse their keys, too.
  const cluster = await startCluster(['--cluster-require-full-coverage', 'no', ...IMPATIENT])
  if (cluster === undefined) return undefined
  const machines = await Promise.all(
    cluster.servers.map(async (server) => {
      const { hostname, port } = new URL(server.url)
      return { server, line: await FaultProxy.to(hostname, Number(port)) }
    }),
  )
  const natMap = Object.fromEntries(
    machines.map(({ server, line }) => [new URL(server.url).host, { host: '127.0.0.1', port: line.port }]),
  )
  const clients: Cluster[] = []
  return {
    machines,
    open(prefix) {
      const nodes = machines.map(({ line }) => ({ host: '127.0.0.1', port: line.port }))
      const client = new Cluster(nodes, { ...failFastCluster, natMap, lazyConnect: true })
      client.on('error', () => {})
      clients.push(client)
      return redisStore({ client, prefix })
    },
    openBehind: (prefix) => redisStore({ url: `redis+cluster://${cluster.nodes}`, prefix }),
    command,
    async stop() {
      for (const client of clients) client.disconnect()
      for (const { line } of machines) line.close()
      await cluster.stop()
    },
  }
}

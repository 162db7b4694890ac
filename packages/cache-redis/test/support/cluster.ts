import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Server, startServer } from '@tiercel/servers'
import { Cluster, Redis } from 'ioredis'
import { failFast } from '../../src/index.js'

const MASTERS = 3
const SLOTS = 16_384

/** Redis Cluster of three masters on loopback. */
export interface TestCluster {
  /** `host:port` of each, with commas between. */
  readonly nodes: string
  /** The masters, each with a third of the slots. */
  readonly servers: readonly Server[]
  stop(): Promise<void>
}

/** `undefined` where Redis cannot be started here: a server of the environment is taken for a single one. */
export async function startCluster(): Promise<TestCluster | undefined> {
  if (process.env.TIERCEL_REDIS_URL) return undefined
  const started = await Promise.all(Array.from({ length: MASTERS }, startMaster))
  const servers = started.filter((server) => server !== undefined)
  if (servers.length < MASTERS) return undefined
  const admins = servers.map(({ url }) => new Redis(url))
  await Promise.all(
    admins.map((admin, index) => {
      const from = Math.ceil((SLOTS / MASTERS) * index)
      const to = Math.ceil((SLOTS / MASTERS) * (index + 1)) - 1
      return admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    }),
  )
  const [first, ...others] = admins as [Redis, ...Redis[]]
  for (const [index, { options }] of others.entries()) {
    const busPort = Number(((await (others[index] as Redis).config('GET', 'cluster-port')) as string[])[1])
    await first.call('CLUSTER', 'MEET', '127.0.0.1', options.port as number, busPort)
  }
  await Promise.all(admins.map(untilComplete))
  for (const admin of admins) admin.disconnect()
  return {
    nodes: servers.map(({ url }) => url.replace('redis://', '')).join(','),
    servers,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

/** A client as the README recommends it. */
export function clusterClient(nodes: string): Cluster {
  const client = new Cluster(
    nodes.split(',').map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) })),
    { lazyConnect: true, retryDelayOnFailover: 0, redisOptions: failFast },
  )
  client.on('error', () => {})
  return client
}

async function startMaster(): Promise<Server | undefined> {
  // By default the nodes talk to each other 10 000 ports further on, which may be past the last one.
  const busPort = await freePort()
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000']
  return startServer('redis', { args })
}

async function untilComplete(admin: Redis): Promise<void> {
  for (;;) {
    const info = String(await admin.call('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${MASTERS}`)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}

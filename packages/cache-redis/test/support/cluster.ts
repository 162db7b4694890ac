import { type Server, startServer } from '@tiercel/servers'
import { Cluster, Redis } from 'ioredis'
import { failFastCluster } from '../../src/index.js'
import { freePort } from './free-port.js'

const MASTERS = 3
/**
 * How long a node may be silent before the others count it as lost, and the cluster as down without it: longer than any
 * test keeps one away, or a busy machine makes one wait.
 */
const PATIENT = ['--cluster-node-timeout', '30000']
/** For tests in which the cluster itself has to notice that a master is away. */
export const IMPATIENT = ['--cluster-node-timeout', '2000']
const SLOTS = 16_384

/** A Redis Cluster of three masters on loopback, each with a third of the slots. */
export interface TestCluster extends Pick<Server, 'freeze' | 'thaw' | 'kill' | 'restart' | 'stop'> {
  /** `host:port` of each, separated by commas. */
  readonly nodes: string
  readonly servers: readonly Server[]
  /** Waits until every master believes that all are there, which takes some time after one was thawed. */
  untilHealthy(): Promise<void>
}

/**
 * `undefined` if Redis cannot be started here; a server named by the environment counts as a single one.
 * @param args Further arguments for each server.
 */
export async function startCluster(args: readonly string[] = []): Promise<TestCluster | undefined> {
  if (process.env.TIERCEL_REDIS_URL) return undefined
  const started = await Promise.all(Array.from({ length: MASTERS }, () => startMaster(args)))
  const servers = started.filter((server) => server !== undefined)
  if (servers.length < MASTERS) return undefined
  await join(servers)
  const each = async (action: (server: Server) => Promise<void>): Promise<void> => {
    await Promise.all(servers.map(action))
  }
  return {
    servers,
    nodes: servers.map(({ url }) => url.replace('redis://', '')).join(','),
    freeze: () => each((server) => server.freeze()),
    thaw: () => each((server) => server.thaw()),
    kill: () => each((server) => server.kill()),
    restart: async () => {
      await each((server) => server.restart())
      await join(servers)
    },
    stop: () => each((server) => server.stop()),
    untilHealthy: () => untilHealthy(servers),
  }
}

/** Joins empty servers into one cluster. */
async function join(servers: readonly Server[]): Promise<void> {
  const admins = servers.map(({ url }) => new Redis(url))
  await Promise.all(
    admins.map((admin, index) => {
      const from = Math.ceil((SLOTS / MASTERS) * index)
      const to = Math.ceil((SLOTS / MASTERS) * (index + 1)) - 1
      return admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    }),
  )
  const [first, ...others] = admins
  for (const other of others) {
    const [, busPort = ''] = (await other.config('GET', 'cluster-port')) as string[]
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(other.options.port), busPort)
  }
  await untilHealthy(servers)
  for (const admin of admins) admin.disconnect()
}

/** Adds a server that replicates one of the masters. Resolves when it has that master's data, and all know of it. */
export async function addReplica({ servers }: TestCluster, of: number): Promise<Server | undefined> {
  const replica = await startMaster(IMPATIENT)
  const master = servers[of]
  if (replica === undefined || master === undefined) return undefined
  const [own, its] = [new Redis(replica.url), new Redis(master.url)]
  const [, busPort = ''] = (await its.config('GET', 'cluster-port')) as string[]
  await own.call('CLUSTER', 'MEET', '127.0.0.1', String(its.options.port), busPort)
  const id = String(await its.call('CLUSTER', 'MYID'))
  await until(async () => String(await own.call('CLUSTER', 'NODES')).includes(id))
  await own.call('CLUSTER', 'REPLICATE', id)
  await until(async () => (await own.info('replication')).includes('master_link_status:up'))
  await Promise.all(
    servers.map(async ({ url }) => {
      const admin = new Redis(url)
      await until(async () => String(await admin.call('CLUSTER', 'NODES')).includes('slave'))
      admin.disconnect()
    }),
  )
  own.disconnect()
  its.disconnect()
  return replica
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

async function untilHealthy(servers: readonly Server[]): Promise<void> {
  const admins = servers.map(({ url }) => new Redis(url))
  await Promise.all(admins.map(untilComplete))
  for (const admin of admins) admin.disconnect()
}

/** A client as the README recommends. */
export function clusterClient(nodes: string): Cluster {
  const client = new Cluster(
    nodes.split(',').map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) })),
    { ...failFastCluster, lazyConnect: true },
  )
  client.on('error', () => {})
  return client
}

async function startMaster(more: readonly string[]): Promise<Server | undefined> {
  // By default a node's bus port is 10 000 above its own port, which may be beyond the last one.
  const busPort = await freePort()
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), ...PATIENT, ...more]
  return startServer('redis', { args })
}

async function untilComplete(admin: Redis): Promise<void> {
  for (;;) {
    const info = String(await admin.call('CLUSTER', 'INFO'))
    const nodes = String(await admin.call('CLUSTER', 'NODES'))
    // Without full coverage, the state is ok even while slots of other nodes are not yet known.
    const complete = ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${MASTERS}`].every((line) =>
      info.includes(line),
    )
    // For a master that does not answer, `fail?` is this node's own opinion, and `fail` the agreed one.
    if (complete && !nodes.includes('fail')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

import { debianProgram } from '../debian.js'
import type { Plan } from '../local-server.js'
import { accepts, freePorts, HOST } from '../ports.js'
import type { StartOptions } from '../server.js'

/** Redis from Debian's `redis-server`, in memory only. */
export async function planRedis({ count = 1, args = [] }: StartOptions): Promise<Plan> {
  if (count !== 1) throw new Error('redis: count is for memcached and Hazelcast; start several servers instead')
  const program = await debianProgram('redis-server')
  const [port = 0] = await freePorts(1)
  const own = ['--port', String(port), '--bind', HOST, '--save', '', '--appendonly', 'no', '--loglevel', 'notice']
  return {
    engine: 'redis',
    url: `redis://${HOST}:${port}`,
    program,
    processes: [(folder) => [...own, '--dir', folder, ...args]],
    ready: () => accepts(port),
  }
}

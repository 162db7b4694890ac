import { userInfo } from 'node:os'
import { debianProgram } from '../debian.js'
import type { Plan } from '../local-server.js'
import { accepts, freePorts, HOST } from '../ports.js'
import type { StartOptions } from '../server.js'

/** `count` servers, each a memcached from Debian's package. */
export async function planMemcached({ count = 1, args = [] }: StartOptions): Promise<Plan> {
  const program = await debianProgram('memcached')
  const ports = await freePorts(count)
  // As root it refuses to start without the name of a user to become.
  const user = process.getuid?.() === 0 ? ['-u', userInfo().username] : []
  return {
    engine: 'memcached',
    url: `memcached://${ports.map((port) => `${HOST}:${port}`).join(',')}`,
    program,
    processes: ports.map((port) => () => ['-l', HOST, '-p', String(port), '-U', '0', ...user, ...args]),
    ready: async () => (await Promise.all(ports.map(accepts))).every(Boolean),
  }
}

import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { Redis } from 'ioredis'
import { FaultProxy } from '../wire/fault-proxy.js'
import type { Machine, Rig } from './rig.js'

/** One Redis behind a line. */
export async function redisRig(): Promise<Rig | undefined> {
  const server = await startServer('redis', {
    args: ['--enable-protected-configs', 'yes', '--enable-debug-command', 'yes'],
  })
  if (server === undefined || server.external) return undefined
  const { hostname, port } = new URL(server.url)
  const line = await FaultProxy.to(hostname, Number(port))
  return {
    machines: [{ server, line }],
    hasBus: true,
    open: (prefix) => redisStore({ url: `redis://${line.address}`, prefix }),
    openBehind: (prefix) => redisStore({ url: server.url, prefix }),
    command,
    async stop() {
      line.close()
      await server.stop()
    },
  }
}

/** One Redis, which the first client reaches over the line and all others directly. */
export async function redisRigOnTwoLines(): Promise<Rig | undefined> {
  const rig = await redisRig()
  return rig && { ...rig, open: (prefix, client) => (client === 0 ? rig.open(prefix) : rig.openBehind(prefix)) }
}

/** Sends a command on a connection of its own. */
export async function command({ server }: Machine, ...words: readonly string[]): Promise<unknown> {
  // A busy server refuses the ready check.
  const operator = new Redis(server.url, { enableReadyCheck: false, disableClientInfo: true })
  operator.on('error', () => {})
  const [name = '', ...rest] = words
  try {
    return await operator.call(name, ...rest)
  } finally {
    operator.disconnect()
  }
}

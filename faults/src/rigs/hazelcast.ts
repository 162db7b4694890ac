import { hazelcastStore } from '@tiercel/cache-hazelcast'
import { startServer } from '@tiercel/servers'
import { FaultProxy } from '../wire/fault-proxy.js'
import type { Rig } from './rig.js'

/** One member behind a line. */
export async function hazelcastRig(): Promise<Rig | undefined> {
  const line = await FaultProxy.to('127.0.0.1', 0)
  // Clients connect to the address that a member announces.
  const server = await startServer('hazelcast', { args: [`-Dhazelcast.local.publicAddress=${line.address}`] })
  if (server === undefined || server.external) return undefined
  line.pointTo(Number(new URL(server.url).port))
  return {
    machines: [{ server, line }],
    hasBus: true,
    open: (prefix) => hazelcastStore({ url: `hazelcast://${line.address}/tiercel`, prefix }),
    openBehind: (prefix) => hazelcastStore({ url: server.url, prefix }),
    async stop() {
      line.close()
      await server.stop()
    },
  }
}

/** Short timeouts, so that two members give each other up, and find each other again, during a test. */
const SPLITS_SOON = [
  '-Dhazelcast.heartbeat.interval.seconds=1',
  '-Dhazelcast.max.no.heartbeat.seconds=3',
  '-Dhazelcast.merge.first.run.delay.seconds=2',
  '-Dhazelcast.merge.next.run.delay.seconds=1',
]

/** Two members that keep copies for each other, without lines: they find each other by their addresses. */
export function hazelcastPairRig(): Promise<Rig | undefined> {
  return membersRig(2, [])
}

/** Three members that give each other up after three seconds. */
export function hazelcastSplittingRig(): Promise<Rig | undefined> {
  return membersRig(3, SPLITS_SOON)
}

async function membersRig(count: number, args: readonly string[]): Promise<Rig | undefined> {
  const server = await startServer('hazelcast', { count, args })
  if (server === undefined || server.external) return undefined
  const open = (prefix: string): ReturnType<typeof hazelcastStore> => hazelcastStore({ url: server.url, prefix })
  return {
    machines: [{ server, line: undefined }],
    open,
    openBehind: open,
    stop: () => server.stop(),
  }
}

import { memcachedStore } from '@tiercel/cache-memcached'
import { startServer } from '@tiercel/servers'
import { FaultProxy } from '../wire/fault-proxy.js'
import type { Machine, Rig, StartRig } from './rig.js'

/** `count` servers, each behind a line. */
export function memcachedRig(count: number): StartRig {
  return async (): Promise<Rig | undefined> => {
    const machines: Machine[] = []
    for (let index = 0; index < count; index++) {
      const server = await startServer('memcached')
      if (server === undefined || server.external) return undefined
      machines.push({ server, line: await FaultProxy.to('127.0.0.1', Number(server.url.split(':').at(-1))) })
    }
    const urlOf = (addresses: readonly string[]): string => `memcached://${addresses.join(',')}`
    const lines = urlOf(machines.map(({ line }) => line?.address ?? ''))
    const servers = urlOf(machines.map(({ server }) => server.url.replace('memcached://', '')))
    return {
      machines,
      open: (prefix) => memcachedStore({ url: lines, prefix }),
      openBehind: (prefix) => memcachedStore({ url: servers, prefix }),
      async stop() {
        for (const { line } of machines) line?.close()
        await Promise.all(machines.map(({ server }) => server.stop()))
      },
    }
  }
}

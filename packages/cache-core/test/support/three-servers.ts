import { crc32 } from 'node:zlib'
import { StoreUnavailableError } from '../../src/base/errors.js'
import { MemoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'
import type { FakeClock } from '../../src/testing/fake-clock.js'

/** Several servers that keep no copies of each other, like a ring of memcached. */
export interface Servers {
  /** The store as one process sees it. */
  storeOf(cutOff?: ReadonlySet<number>): Store
  readonly servers: readonly MemoryStore[]
  /** Servers that do not answer. */
  readonly down: Set<number>
  serverOf(key: string): number
  /** Brings a server back without its data. */
  restartEmpty(server: number): void
}

export function someServers(clock: FakeClock, count: number): Servers {
  const servers = Array.from({ length: count }, () => new MemoryStore({ clock, maxEntries: 30_000 }))
  const down = new Set<number>()
  const serverOf = (key: string): number => crc32(key) % count
  const storeOf = (cutOff: ReadonlySet<number> = new Set()): Store => {
    const at = (key: string): MemoryStore => {
      const server = serverOf(key)
      if (down.has(server) || cutOff.has(server)) throw new StoreUnavailableError('away', { store: 'servers' })
      return servers[server] as MemoryStore
    }
    return {
      name: 'servers',
      capabilities: { ...(servers[0] as MemoryStore).capabilities, shared: true },
      serverOf: (key) => String(serverOf(key)),
      partOf: (key) => String(serverOf(key)),
      get: async (key) => at(key).get(key),
      set: async (key, bytes, options) => at(key).set(key, bytes, options),
      add: async (key, bytes, options) => at(key).add(key, bytes, options),
      compareAndSet: async (key, version, bytes, options) => at(key).compareAndSet(key, version, bytes, options),
      delete: async (key) => at(key).delete(key),
      compareAndDelete: async (key, version) => at(key).compareAndDelete(key, version),
      touch: async (key, ttl) => at(key).touch(key, ttl),
      getMany: async (keys) => Promise.all(keys.map(async (key) => at(key).get(key))),
      setMany: async (writes) => {
        for (const { key, bytes, ttl } of writes) await at(key).set(key, bytes, { ttl })
      },
      deleteMany: async (keys) => {
        for (const key of keys) await at(key).delete(key)
      },
      increment: async (key, by, options) => at(key).increment(key, by, options),
      ping: async () => {},
      publish: async () => {},
      subscribe: async () => async () => {},
      purge: async () => {},
      close: async () => {},
    }
  }
  const restartEmpty = (server: number): void => {
    ;(servers as MemoryStore[])[server] = new MemoryStore({ clock, maxEntries: 30_000 })
    down.delete(server)
  }
  return { storeOf, servers, down, serverOf, restartEmpty }
}

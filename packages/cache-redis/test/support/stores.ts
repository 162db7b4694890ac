import { randomBytes } from 'node:crypto'
import type { Store } from '@tiercel/cache-core/store'
import { Redis } from 'ioredis'
import { afterEach } from 'vitest'
import { type RedisStore, type RedisStoreOptions, redisStore } from '../../src/index.js'

export const bytes = (text: string): Buffer => Buffer.from(text)

/** Whatever a test opens; closed after it. */
const open: { stores: Store[]; clients: Redis[] } = { stores: [], clients: [] }

afterEach(async () => {
  await Promise.all(open.stores.splice(0).map((store) => store.close()))
  for (const client of open.clients.splice(0)) client.disconnect()
})

/** A store under a prefix that nothing else uses. */
export function openStore(options: RedisStoreOptions): RedisStore {
  const store = redisStore({ prefix: uniquePrefix(), ...options })
  open.stores.push(store)
  return store
}

/** A plain client, to reach the server without the store. */
export function openClient(url: string, options: object = {}): Redis {
  const client = new Redis(url, options)
  client.on('error', () => {})
  open.clients.push(client)
  return client
}

export function uniquePrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

/** Counts what the servers have sent to all their clients. */
export function bytesSent(...clients: readonly Redis[]): () => Promise<number> {
  return async () => {
    const stats = await Promise.all(clients.map((client) => client.info('stats')))
    return stats.reduce((sum, text) => sum + Number(/total_net_output_bytes:(\d+)/.exec(text)?.[1]), 0)
  }
}

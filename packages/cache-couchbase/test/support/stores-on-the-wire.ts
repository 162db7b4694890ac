import type { Store } from '@tiercel/cache-core/store'
import { afterAll, afterEach, vi } from 'vitest'
import { type CouchbaseStoreOptions, couchbaseStore } from '../../src/index.js'
import type { Answer, KvProxy } from './kv-proxy.js'

export interface StoresOnTheWire {
  /** A key that no other test uses. */
  key(): string
  open(options?: CouchbaseStoreOptions): Store
  /** Connected. */
  warm(options?: CouchbaseStoreOptions): Promise<Store>
  /** The given command on a key of the tests meets this; all else passes. */
  meet(opcode: number, fate: Answer | 'withhold' | 'hang-up'): void
}

/** Stores whose every request passes the proxy. Ends them after each test, and the proxy after the last. */
export function storesOnTheWire(wire: KvProxy, file: string): StoresOnTheWire {
  const opened: Store[] = []
  let keys = 0

  afterEach(async () => {
    wire.reset()
    await Promise.all(opened.splice(0).map((store) => store.close()))
  })
  afterAll(() => wire.close())

  const open = (options: CouchbaseStoreOptions = {}): Store => {
    const connecting = options.client === undefined ? { url: `couchbase://default:@${wire.hosts}/default` } : {}
    const store = couchbaseStore({ ...connecting, ...options })
    opened.push(store)
    return store
  }
  return {
    key: () => `${file}-key-${++keys}`,
    open,
    warm: async (options) => {
      const store = open(options)
      // A busy machine may take longer to connect than an operation may wait.
      await vi.waitFor(() => store.ping(), { timeout: 20_000 })
      return store
    },
    meet: (opcode, fate) => {
      wire.fate = (request) => (request.opcode === opcode && request.key.includes('-key-') ? fate : undefined)
    },
  }
}

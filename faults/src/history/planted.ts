import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '@tiercel/cache-core/store'

/** Bugs that a test can plant for the checker to find. */
export type Bug =
  | 'deletes get lost'
  | 'compareAndSet asks for no version'
  | 'every add wins'
  | 'reads find the neighbour'
  | 'clears get lost'
  | 'values are decoded wrong'

/** How often a store with a bug shows it. */
const OFTEN = 0.3
/** How long a key stays absent for others that want to add it. */
const ADD_MS = 20

/** The store with this bug, if it is a bug of stores. */
export function broken(store: Store, bug: Bug | undefined): Store {
  const changed = bug === undefined ? undefined : CHANGES[bug]?.(store)
  if (changed === undefined) return store
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(changed, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const isNamespace = (key: string): boolean => key.startsWith('2:n:')
const isEntry = (key: string): boolean => key.startsWith('2:v:')

const CHANGES: Partial<Record<Bug, (store: Store) => Partial<Store>>> = {
  'clears get lost': (store) => ({
    set: async (key, bytes, options) => (isNamespace(key) ? undefined : store.set(key, bytes, options)),
  }),
  'deletes get lost': (store) => ({
    delete: async (key) => (Math.random() < OFTEN ? true : store.delete(key)),
  }),
  'compareAndSet asks for no version': (store) => ({
    async compareAndSet(key, version, bytes, options) {
      if (!isEntry(key) || typeof options?.ttl !== 'number') return store.compareAndSet(key, version, bytes, options)
      await store.set(key, bytes, { ttl: options.ttl })
      return (await store.get(key))?.version
    },
  }),
  'every add wins': (store) => ({
    async add(key, bytes, options) {
      if (!isEntry(key)) return store.add(key, bytes, options)
      // So that others find nothing here meanwhile, too.
      await delay(ADD_MS)
      await store.set(key, bytes, options)
      return (await store.get(key))?.version
    },
  }),
  'reads find the neighbour': (store) => ({
    get: (key) => store.get(neighbour(key)),
    getMany: (keys) => store.getMany(keys.map(neighbour)),
  }),
}

/** Now and then the neighbouring key. */
function neighbour(key: string): string {
  return isEntry(key) && Math.random() < OFTEN ? key.replace(/\d$/, (digit) => String((Number(digit) + 1) % 8)) : key
}

import type { Store } from '../../../src/store/store.js'

/** The store with some of its methods replaced. */
export function override(store: Store, methods: Partial<Store> & ThisType<Store>): Store {
  return Object.assign(Object.create(store, { capabilities: { value: store.capabilities } }), bound(store), methods)
}

/** Private fields live on the store itself: its methods must keep it as their `this`. */
function bound(store: Store): Partial<Store> {
  const names = ['set', 'touch', 'setMany', 'deleteMany', 'increment', 'ping', 'purge', 'close'] as const
  const all = [...names, 'get', 'getMany', 'add', 'compareAndSet', 'delete', 'compareAndDelete'] as const
  return Object.fromEntries(all.map((name) => [name, (store[name] as (...values: unknown[]) => unknown).bind(store)]))
}

import type { Store, StoreEntry } from './store.js'

/** What `get` would return at this moment; `undefined` also where only `get` can tell. */
export type ReadAtHand = (key: string) => StoreEntry | undefined

/**
 * Stores that hold their entries in this process, and how they are read without a promise: a hit then costs a look into
 * a map. By the object itself, so that whatever stands in front of one (a proxy, a wrapper) is asked as any store is.
 */
const readers = new WeakMap<Store, ReadAtHand>()

/** Called by the store itself, when it is made. */
export function isAtHand(store: Store, read: ReadAtHand): void {
  readers.set(store, read)
}

/** `undefined`: the store must be asked. */
export function readerAtHand(store: Store): ReadAtHand | undefined {
  return readers.get(store)
}

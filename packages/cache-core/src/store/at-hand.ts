import type { Store, StoreEntry } from './store.js'

/** An entry that lies in this process. */
export interface EntryAtHand extends StoreEntry {
  /** Whether nobody has replaced or removed it. What has outlived its time may still stand, until it is looked for. */
  readonly stands: boolean
}

/** How a store of this process is read without a promise. */
export interface ReaderAtHand {
  /** What `get` would return at this moment; `undefined` also where only `get` can tell. */
  read(key: string): EntryAtHand | undefined
  /** Whether it can tell at all. */
  readonly isOpen: boolean
}

/**
 * Stores that hold their entries in this process: a hit then costs a look into a map. By the object itself, so that whatever
 * stands in front of one (a proxy, a wrapper) is asked as any store is.
 */
const readers = new WeakMap<Store, ReaderAtHand>()

/** Called by the store itself, when it is made. */
export function isAtHand(store: Store, reader: ReaderAtHand): void {
  readers.set(store, reader)
}

/** `undefined`: the store must be asked. */
export function readerAtHand(store: Store): ReaderAtHand | undefined {
  return readers.get(store)
}

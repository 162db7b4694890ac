import type { Clock } from '../../../src/base/clock.js'
import { type CacheOptions, memoryStore } from '../../../src/index.js'
import { MemoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'

/** Where responses are kept: each call opens a store there, as each process has one of its own. */
export type Place = () => Store

/** What a test file runs on that names no store. */
export interface Ground {
  /** A place that is empty. */
  readonly newPlace: () => Place
  /** A store on a place of its own, in which lifetimes end by this clock. */
  readonly newStoreBy: (clock: Clock) => Store
  /** For caches on it, where a test says nothing else. */
  readonly options: Partial<CacheOptions>
  /** The clock of a cache on it, made of the one that stands still until a test moves it. */
  readonly clockOf: (clock: Clock) => Clock
  /** Which entry points are tried on it, by their names. */
  readonly tries: (framework: string) => boolean
  /** Resolves when what a request has set going in the store has come to its end. */
  readonly settled: () => Promise<void>
}

/** Small: room for 100 000 entries costs 20 ms to make. One store for all, since memory is no other process's. */
function memoryPlace(): Place {
  const store = memoryStore({ maxEntries: 1_000 })
  return () => store
}

let present: Ground = {
  newPlace: memoryPlace,
  newStoreBy: (clock) => new MemoryStore({ clock, maxEntries: 1_000 }),
  options: {},
  clockOf: (clock) => clock,
  tries: () => true,
  settled: async () => {},
}

export function ground(): Ground {
  return present
}

/** Said before the test files are imported that are to run on it. */
export function runOn(next: Ground): void {
  present = next
}

export function newPlace(): Place {
  return present.newPlace()
}

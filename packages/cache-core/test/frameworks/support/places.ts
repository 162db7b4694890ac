import type { Clock } from '../../../src/base/clock.js'
import { type CacheOptions, memoryStore } from '../../../src/index.js'
import { MemoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'

/** A place for responses. Each call opens a store there, since each process has its own. */
export type Place = () => Store

/** What a test file runs on if it names no store. */
export interface Ground {
  /** Makes an empty place. */
  readonly newPlace: () => Place
  /** Makes a store on a place of its own, in which lifetimes end by this clock. */
  readonly newStoreBy: (clock: Clock) => Store
  /** Options of caches on it, unless a test says otherwise. */
  readonly options: Partial<CacheOptions>
  /** The clock of a cache on it, given the one that stands still until a test moves it. */
  readonly clockOf: (clock: Clock) => Clock
  /** Whether an entry point of this name is tested on it. */
  readonly tries: (framework: string) => boolean
  /** Resolves when everything that a request has started in the store has ended. */
  readonly settled: () => Promise<void>
}

/**
 * Small, since room for 100 000 entries takes 20 ms to make. One store for all, since processes do not share memory.
 */
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

/** To be called before the test files that run on it are imported. */
export function runOn(next: Ground): void {
  present = next
}

export function newPlace(): Place {
  return present.newPlace()
}

import { AsyncResource } from 'node:async_hooks'
import type { CacheTerms } from '../data/options.js'
import type { Codec } from '../entry/codec.js'
import { guardStore } from '../store/guard/guarded-store.js'
import { Flights } from './flights.js'
import { Journal } from './journal.js'
import { NamespaceVersion } from './marks.js'
import { Reader } from './reader.js'
import type { Runtime } from './runtime.js'
import { MAX_SLOT_KEY_BYTES } from './slot.js'
import { newCounters } from './stats.js'
import { Waiters } from './waiter.js'

/** What all namespaces of a cache share. */
export interface Shared {
  readonly runtime: Runtime
  readonly codec: Codec
  readonly namespaces: Map<string, NamespaceVersion>
  readonly tagHoldMs: number
  /** Where loaders run: the context in which the cache was made. */
  readonly context: AsyncResource
  closing: Promise<void> | undefined
}

/** The parts of one cache, put together. */
export function createShared(terms: CacheTerms): Shared {
  const { clock, codec, tagHoldMs } = terms
  const store = guardStore(terms.store, { timeout: terms.storeTimeout, clock, maxKeyBytes: MAX_SLOT_KEY_BYTES })
  const runtime: Runtime = {
    store,
    clock,
    reader: new Reader(store),
    journal: new Journal(store, clock),
    flights: new Flights(),
    waiters: new Waiters(() => runtime),
    counters: newCounters(),
  }
  const context = new AsyncResource('TiercelLoad')
  return { runtime, codec, namespaces: new Map(), tagHoldMs, context, closing: undefined }
}

/** One version object for each namespace of a cache, so that all who use the name hold the same version. */
export function namespaceVersion({ namespaces, runtime, tagHoldMs }: Shared, namespace: string): NamespaceVersion {
  let version = namespaces.get(namespace)
  if (version === undefined) {
    version = new NamespaceVersion(namespace, { ...runtime, holdMs: tagHoldMs })
    namespaces.set(namespace, version)
  }
  return version
}

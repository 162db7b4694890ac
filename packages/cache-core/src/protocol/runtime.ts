import type { Clock } from '../base/clock.js'
import type { GuardedStore } from '../store/guard/guarded-store.js'
import type { Flights } from './flights.js'
import type { Journal } from './journal.js'
import type { Reader } from './reader.js'
import type { Counters } from './stats.js'
import type { Waiters } from './waiter.js'

/** What the parts of one cache share: all its namespaces, and the HTTP cache over it. */
export interface Runtime {
  readonly store: GuardedStore
  readonly clock: Clock
  readonly reader: Reader
  readonly journal: Journal
  readonly flights: Flights
  readonly waiters: Waiters
  readonly counters: Counters
}

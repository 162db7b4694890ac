/** Times of all events are milliseconds on the system's monotonic clock, which all processes of a machine share. */
interface Timed {
  readonly process: number
  readonly key: string
  readonly begin: number
  readonly end: number
}

/** A read of a key. */
export interface ReadEvent extends Timed {
  readonly kind: 'read'
  /** The key and version that the value names; `undefined` if they cannot be made out. */
  readonly value: { readonly key: string; readonly version: number } | undefined
}

/** A change of the source, then of the cache. */
export interface ChangeEvent extends Timed {
  readonly kind: 'change'
  readonly version: number
  readonly how: 'delete' | 'set' | 'clear'
  /** Whether the store has heard of it. */
  readonly delivered: boolean
}

/** A run of a loader. */
export interface LoadEvent extends Timed {
  readonly kind: 'load'
  /** Whether it held a lease, which is valid among all processes. */
  readonly leased: boolean
}

export type HistoryEvent = ReadEvent | ChangeEvent | LoadEvent

/** What the caches of a history have promised, in milliseconds. */
export interface Promised {
  /** How much later other processes see a `clear` (`tagHold`). */
  readonly clearLateMs: number
  /** How much later other processes see any change, which their near caches have to hear of. */
  readonly nearLateMs: number
  /** Times in which leases may be lost: outages, evictions. */
  readonly outages: readonly { readonly begin: number; readonly end: number }[]
}

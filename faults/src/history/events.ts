/** Times of all events are milliseconds on the system's monotonic clock, which all processes of a machine share. */
interface Timed {
  readonly process: number
  readonly key: string
  readonly begin: number
  readonly end: number
}

/** A key was asked for. */
export interface ReadEvent extends Timed {
  readonly kind: 'read'
  /** The version that the value names, and whose it is; `undefined`: neither can be made out. */
  readonly value: { readonly key: string; readonly version: number } | undefined
}

/** The source was changed, then the cache was told. */
export interface ChangeEvent extends Timed {
  readonly kind: 'change'
  readonly version: number
  readonly how: 'delete' | 'set' | 'clear'
  /** Whether the store has heard it. */
  readonly delivered: boolean
}

/** A loader ran. */
export interface LoadEvent extends Timed {
  readonly kind: 'load'
  /** Under a lease among all processes. */
  readonly leased: boolean
}

export type HistoryEvent = ReadEvent | ChangeEvent | LoadEvent

/** What the caches of a history have promised, in milliseconds. */
export interface Promised {
  /** How much later other processes see a `clear` (`tagHold`). */
  readonly clearLateMs: number
  /** How much later other processes see any change: their near caches have to hear of it. */
  readonly nearLateMs: number
  /** Times in which leases may get lost: outages, evictions. */
  readonly outages: readonly { readonly begin: number; readonly end: number }[]
}

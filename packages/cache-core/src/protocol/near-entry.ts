import type { SieveMember } from '../base/sieve.js'
import type { Encoded } from '../entry/frame.js'
import type { Standing } from './standings.js'

/**
 * What the content of an entry is: `ENCODED`, bytes without a hit so far; `SHARED`, a value that every hit gets; `APART`,
 * bytes that are decoded for each hit, since a caller could change the value.
 */
export const ENCODED = 0
export const SHARED = 1
export const APART = 2
export type NearForm = typeof ENCODED | typeof SHARED | typeof APART

/** Entries by key: a key of one part as the caller writes it, a key of several parts by its text. Emptied by new maps. */
export interface NearSpace {
  single: Map<string, NearEntry>
  composed: Map<string, NearEntry>
}

/** How long an entry is served. Whole milliseconds on the clock of the near cache: small integers need no heap objects. */
export interface NearTimes {
  readonly freshUntil: number
  /** The end of its near TTL or of its stale window, whichever comes first. */
  readonly until: number
  /** Until when it is kept for callers that reach neither the store nor the source. */
  readonly keepUntil: number
  readonly loadMs: number
}

/** An entry of the near cache. Its fields are all that it costs beside key and value: see `ENTRY_BYTES`. */
export class NearEntry implements SieveMember, NearTimes {
  readonly space: NearSpace
  readonly composed: boolean
  readonly key: string
  /** How often the near cache had been dropped or turned off when it entered. */
  readonly era: number
  readonly freshUntil: number
  readonly until: number
  readonly keepUntil: number
  readonly loadMs: number
  /** Of the namespace. */
  readonly standing: Standing
  /** Of all other marks; `undefined` where there is none. */
  readonly others: readonly Standing[] | undefined
  content: unknown
  /** How a shared value was decoded: the shape of its first hit. */
  decodedAs: unknown
  form: NearForm = ENCODED
  bytes: number
  visited = false
  /** Whether a caller has asked the store for a newer one. */
  revalidating = false
  newer: this | undefined
  older: this | undefined

  constructor(
    home: { readonly space: NearSpace; readonly composed: boolean; readonly key: string },
    era: number,
    content: Encoded,
    times: NearTimes,
    standings: readonly [Standing, ...Standing[]],
  ) {
    this.era = era
    this.space = home.space
    this.composed = home.composed
    this.key = home.key
    this.content = content
    this.bytes = ENTRY_BYTES + home.key.length + content.payload.byteLength
    this.freshUntil = times.freshUntil
    this.until = times.until
    this.keepUntil = times.keepUntil
    this.loadMs = times.loadMs
    this.standing = standings[0]
    this.others = standings.length === 1 ? undefined : standings.slice(1)
  }

  /** Whether all marks stand as they did. */
  get stands(): boolean {
    return this.standing.valid && (this.others === undefined || this.others.every(({ valid }) => valid))
  }

  get map(): Map<string, NearEntry> {
    return this.composed ? this.space.composed : this.space.single
  }
}

/** What an entry costs beside its key and value: its fields and its place in the map. 192 bytes measured. */
const ENTRY_BYTES = 198

import type { Encoded } from '../entry/frame.js'
import { decodeValue, type Shape } from '../entry/shape.js'
import { type Key, keyText } from '../protocol/key.js'
import type { Near } from '../protocol/near.js'
import { APART, ENCODED, type NearEntry, type NearSpace, SHARED } from '../protocol/near-entry.js'
import { slotKey } from '../protocol/slot.js'
import type { Stats } from '../protocol/stats.js'
import { freezePlain } from './freeze.js'

/**
 * How near hits are kept apart. `'freeze'`: plain objects and arrays are frozen and shared, all else is decoded for each
 * caller. `'clone'`: everything is decoded for each caller. `'shared'`: all get the same, and must not change it.
 */
export type Mutability = 'freeze' | 'clone' | 'shared'

/** Nothing near can be served. Not `undefined`, which may be a value. */
export const NOT_NEAR: unique symbol = Symbol('not near')

/** So many load times before the end of an entry an eager refresh becomes likely: from then on the store's path decides. */
const EAGER_LOADS = 14

interface Terms {
  readonly staleWhileRevalidateMs: number
  readonly eagerRefresh: number
}

/** The near cache as the keys of one namespace see it: by the caller's keys, as values. */
export class NearView {
  readonly #near: Near
  readonly #space: NearSpace
  readonly #stats: Stats
  readonly #mutability: Mutability
  readonly #subject: { readonly label: string }

  constructor(near: Near, stats: Stats, mutability: Mutability, path: string) {
    this.#near = near
    this.#space = near.space(slotKey('value', path))
    this.#stats = stats
    this.#mutability = mutability
    this.#subject = { label: path }
  }

  /**
   * The entry to serve, or `undefined`. Fresh, or stale within the window: then the caller has the store asked for a newer
   * one.
   */
  find(key: Key, { staleWhileRevalidateMs, eagerRefresh }: Terms): NearEntry | undefined {
    const entry = this.#at(key)
    if (entry === undefined) return undefined
    const now = this.#near.clock.now()
    if (now >= entry.until || !entry.stands || this.#near.isOff(entry)) {
      if (now >= entry.keepUntil || !entry.stands) this.#near.remove(entry)
      return undefined
    }
    if (now >= entry.freshUntil) return now < entry.freshUntil + staleWhileRevalidateMs ? entry : undefined
    if (eagerRefresh > 0 && now >= entry.freshUntil - EAGER_LOADS * eagerRefresh * entry.loadMs) return undefined
    return entry
  }

  /** As `find`, for a caller that the store does not answer: entries that are off are served as well. */
  findAlone(key: Key, staleWhileRevalidateMs: number): NearEntry | undefined {
    const entry = this.#at(key)
    if (!entry?.stands) return undefined
    return this.#near.clock.exact() < Math.min(entry.until, entry.freshUntil + staleWhileRevalidateMs)
      ? entry
      : undefined
  }

  /** The entry to serve where neither the store nor the loader answers, even after its near TTL. */
  findStale(key: Key, staleIfErrorMs: number): NearEntry | undefined {
    const entry = this.#at(key)
    if (!entry?.stands) return undefined
    return this.#near.clock.exact() < Math.min(entry.keepUntil, entry.freshUntil + staleIfErrorMs) ? entry : undefined
  }

  /** Of an entry that was just found. */
  isStale(entry: NearEntry): boolean {
    return this.#near.clock.last >= entry.freshUntil
  }

  /** The value of a hit; `NOT_NEAR` where the codec cannot read it. */
  valueOf(entry: NearEntry, key: Key, shape: Shape): unknown {
    const value = entry.form === SHARED ? sharedAs(entry, shape) : this.#decode(entry, shape)
    if (value === NOT_NEAR) return value
    entry.visited = true
    this.#stats.nearHit(this.#subject, key)
    return value
  }

  /** Decodes bytes from elsewhere as a near hit would return them. @throws as `decodeValue` */
  open(shape: Shape, encoded: Encoded): unknown {
    const value = decodeValue(shape, encoded)
    if (this.#mutability === 'freeze') freezePlain(value)
    return value
  }

  #at(key: Key): NearEntry | undefined {
    return typeof key === 'string' ? this.#space.single.get(key) : this.#composed(key)
  }

  #composed(key: Exclude<Key, string>): NearEntry | undefined {
    let text: string
    try {
      text = keyText(key)
    } catch {
      // The store's path says what is wrong with it.
      return undefined
    }
    return key.length === 1 ? this.#space.single.get(String(key[0])) : this.#space.composed.get(text)
  }

  #decode(entry: NearEntry, shape: Shape): unknown {
    const encoded = entry.content as Encoded
    let value: unknown
    try {
      value = decodeValue(shape, encoded)
    } catch {
      // Another codec may read it, so it stays until its time is over.
      return NOT_NEAR
    }
    if (entry.form === ENCODED) this.#settle(entry, encoded, value, shape)
    return value
  }

  /** At the first hit: whether the value can be shared from now on. */
  #settle(entry: NearEntry, encoded: Encoded, value: unknown, shape: Shape): void {
    const sharedBytes = this.#sharedBytes(encoded, value)
    entry.form = sharedBytes === undefined ? APART : SHARED
    if (sharedBytes === undefined) return
    entry.content = value
    entry.decodedAs = shape
    this.#near.resize(entry, sharedBytes, encoded.payload.byteLength)
  }

  /** The size of a value that may be shared; `undefined` where each caller must have its own. */
  #sharedBytes({ payload }: Encoded, value: unknown): number | undefined {
    const isObject = typeof value === 'object' && value !== null
    if (this.#mutability === 'shared') return isObject ? OBJECT_GROWTH * payload.byteLength : payload.byteLength
    if (this.#mutability === 'clone') return isObject ? undefined : payload.byteLength
    return freezePlain(value)
  }
}

/** How much larger objects are than their bytes: two to four times those of JSON, measured. */
const OBJECT_GROWTH = 3

/** A value that was decoded and validated for one shape is not handed out for another. */
function sharedAs({ content, decodedAs }: NearEntry, shape: Shape): unknown {
  if (decodedAs === shape) return content
  const { codec, schemaVersion, validate } = decodedAs as Shape
  const same = codec === shape.codec && schemaVersion === shape.schemaVersion && validate === shape.validate
  return same ? content : NOT_NEAR
}

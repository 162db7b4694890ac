import { report, STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import { type Entries, engineTtl } from './entries.js'
import { STORE_NAME } from './errors.js'
import { replaceIfSame } from './replace-if-same.js'

/** Delays between retries, about half a minute in all. After that the map's own lifetime applies. */
const REPEAT_AFTER_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000] as const
/** How many retries may be pending at a time. For further keys the map's own lifetime applies. */
const MAX_REPETITIONS = 1_000

interface Replacement {
  readonly key: string
  /** Shows whether this value is still the stored one. */
  readonly stamp: Buffer
  /** On the monotonic clock. `undefined`: no end. */
  readonly endsAt: number | undefined
}

/**
 * Replaces values and sets their lifetimes. `replaceIfSame` resets the lifetime to the map's own
 * `time-to-live-seconds`, so a second operation sets it. If that one fails it is retried in the background, unless the
 * key has been written since: a late lifetime must not shorten that of a newer value.
 */
export class Lifetimes {
  readonly #entries: () => Promise<Entries>
  readonly #map: string
  /** Replacements whose lifetime is still to be set, the last one of each key. */
  readonly #unset = new Map<string, Replacement>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #defaultChecked = false

  constructor(map: string, entries: () => Promise<Entries>) {
    this.#map = map
    this.#entries = entries
  }

  /** Must be called before any other write of the key, which then determines the lifetime. */
  forget(key: string): void {
    if (this.#unset.size > 0) this.#unset.delete(key)
  }

  /** Replaces `present` by `next` atomically. @returns Whether it did. The lifetime may be set later. */
  async replace(key: string, present: unknown, next: Buffer, ttlMs: number | undefined): Promise<boolean> {
    const entries = await this.#entries()
    const endsAt = ttlMs === undefined ? undefined : performance.now() + ttlMs
    const replacement = { key, stamp: next.subarray(0, STAMP_BYTES), endsAt }
    this.#unset.set(key, replacement)
    try {
      if (!(await replaceIfSame(entries, key, present, next))) {
        this.#settle(replacement)
        return false
      }
    } catch (error) {
      // The replacement may have been executed nevertheless.
      this.#repeat(replacement, 0)
      throw error
    }
    await this.#checkDefault(entries, key)
    try {
      await this.#set(entries, replacement, ttlMs)
    } catch {
      this.#repeat(replacement, 0)
    }
    return true
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#unset.clear()
  }

  async #set(entries: Entries, replacement: Replacement, ttlMs: number | undefined): Promise<void> {
    if (!this.#isUnset(replacement)) return
    await entries.setTtl(replacement.key, engineTtl(ttlMs))
    this.#settle(replacement)
  }

  #repeat(replacement: Replacement, attempt: number): void {
    const delay = REPEAT_AFTER_MS[attempt]
    if (delay === undefined || this.#timers.size >= MAX_REPETITIONS) {
      this.#settle(replacement)
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#setLate(replacement).catch(() => this.#repeat(replacement, attempt + 1))
    }, delay).unref()
    this.#timers.add(timer)
  }

  /** `forget` covers writes by this store; the stamp reveals those of other processes. */
  async #setLate(replacement: Replacement): Promise<void> {
    const { key, stamp, endsAt } = replacement
    if (!this.#isUnset(replacement)) return
    const entries = await this.#entries()
    const present: unknown = await entries.get(key)
    if (Buffer.isBuffer(present) && present.subarray(0, STAMP_BYTES).equals(stamp)) {
      const ttlMs = endsAt === undefined ? undefined : Math.max(1, Math.ceil(endsAt - performance.now()))
      await this.#set(entries, replacement, ttlMs)
    } else {
      this.#settle(replacement)
    }
  }

  #isUnset(replacement: Replacement): boolean {
    return this.#unset.get(replacement.key) === replacement
  }

  #settle(replacement: Replacement): void {
    if (this.#isUnset(replacement)) this.#unset.delete(replacement.key)
  }

  /** Warns once if the map has no lifetime of its own, which an entry shows between `replaceIfSame` and `setTtl`. */
  async #checkDefault(entries: Entries, key: string): Promise<void> {
    if (this.#defaultChecked) return
    try {
      const view = await entries.getEntryView(key)
      if (view === null || this.#defaultChecked) return
      this.#defaultChecked = true
      if (view.expirationTime.toNumber() < Number.MAX_SAFE_INTEGER) return
    } catch {
      // The next replacement checks again.
      return
    }
    report('store-warning', () => ({
      store: STORE_NAME,
      message:
        `the map '${this.#map}' has no time-to-live-seconds: a value whose process dies between replacing it and ` +
        'setting its lifetime stays for ever. Set time-to-live-seconds of the map on the members, to the longest ttl ' +
        'in use plus a day (not max-idle-seconds)',
    }))
  }
}

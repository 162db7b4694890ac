import { report, STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import { type Entries, engineTtl } from './entries.js'
import { STORE_NAME } from './errors.js'
import { replaceIfSame } from './replace-if-same.js'

/** Pauses before the repetitions, about half a minute in all. Then the map's own lifetime has to do. */
const REPEAT_AFTER_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000] as const
/** Repetitions kept at a time; for more keys the map's own lifetime has to do. */
const MAX_REPETITIONS = 1_000

interface Replacement {
  readonly key: string
  /** Tells whether it is still this value that stands there. */
  readonly stamp: Buffer
  /** On the monotonic clock. `undefined`: no end. */
  readonly endsAt: number | undefined
}

/**
 * Replaces values and gives them their lifetimes. The map forgets the lifetime when it replaces a value (the new one
 * gets the map's own `time-to-live-seconds`), so it is set by a second operation. When that one fails, it is repeated
 * in the background, unless something was written under the key since: a late lifetime must not cut a newer value's.
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

  /** To be called before any other write of the key: from then on the lifetime is that write's affair. */
  forget(key: string): void {
    if (this.#unset.size > 0) this.#unset.delete(key)
  }

  /** Replaces `present` by `next`, atomically. Whether it did; the lifetime may follow later. */
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
      // It may have been executed all the same.
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

  /** `forget` tells of this store's own writes; of another process's, the stamp. */
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

  /** Once: between a replacement and its lifetime, the entry shows the map's own. */
  async #checkDefault(entries: Entries, key: string): Promise<void> {
    if (this.#defaultChecked) return
    try {
      const view = await entries.getEntryView(key)
      if (view === null || this.#defaultChecked) return
      this.#defaultChecked = true
      if (view.expirationTime.toNumber() < Number.MAX_SAFE_INTEGER) return
    } catch {
      // The next replacement finds out.
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

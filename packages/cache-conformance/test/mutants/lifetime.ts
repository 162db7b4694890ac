import type { CompareAndSetOptions, StoreEntry, StoreWrite, Version, WriteOptions } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const FOREVER_MS = 1e14

/** A store that knows when its values end, to be wrong about it. */
class Expiring extends ReferenceStore {
  protected readonly ends = new Map<string, number>()

  protected now(): number {
    return this.clock?.now() ?? Date.now()
  }
}

/** A store whose `set` gives another TTL than it was asked for. */
function setTtl(fault: string, killedBy: string, wrong: (ttl: number | undefined) => number | undefined): Mutant {
  return mutant(
    fault,
    killedBy,
    class extends ReferenceStore {
      override async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}) {
        await super.set(key, bytes, { ttl: wrong(ttl) })
      }
    },
  )
}

export const lifetime: readonly Mutant[] = [
  setTtl('set loses the TTL', 'lifetime/set', () => undefined),
  setTtl('a TTL in milliseconds is taken for seconds', 'lifetime/set', (ttl) => ttl && ttl * 1_000),
  setTtl('a TTL is cut to half', 'lifetime/set', (ttl) => ttl && ttl / 2),
  setTtl('a TTL is counted in whole seconds, and 0 is for ever', 'lifetime/fractions', (ttl) =>
    ttl === undefined || ttl < 1_000 ? undefined : ttl,
  ),
  setTtl('a TTL has 31 bits', 'lifetime/long-set', (ttl) => ttl && (ttl % 2 ** 31 || 1)),
  setTtl('a value without a TTL gets one', 'lifetime/no-end', (ttl) => ttl ?? 86_400_000),
  mutant(
    'add loses the TTL',
    'lifetime/add',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array) {
        return super.add(key, bytes)
      }
    },
  ),
  mutant(
    'a TTL of add over 30 days is a date of 1970',
    'lifetime/long-add',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}) {
        return super.add(key, bytes, { ttl: ttl !== undefined && ttl > 2_592_000_000 ? 1e-6 : ttl })
      }
    },
  ),
  mutant(
    'compareAndSet loses the TTL',
    'lifetime/compareAndSet',
    class extends ReferenceStore {
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array) {
        return super.compareAndSet(key, version, bytes)
      }
    },
  ),
  mutant(
    'a TTL of compareAndSet is at most 30 days',
    'lifetime/long-compareAndSet',
    class extends ReferenceStore {
      override async compareAndSet(
        key: string,
        version: Version,
        bytes: Uint8Array,
        options: CompareAndSetOptions = {},
      ) {
        const { ttl } = options
        const capped = typeof ttl === 'number' ? Math.min(ttl, 2_592_000_000) : ttl
        return super.compareAndSet(key, version, bytes, { ttl: capped })
      }
    },
  ),
  mutant(
    'setMany has no TTL',
    'lifetime/setMany',
    class extends ReferenceStore {
      override async setMany(writes: readonly StoreWrite[]) {
        await super.setMany(writes.map(({ key, bytes }) => ({ key, bytes })))
      }
    },
  ),
  mutant(
    'setMany has one TTL for all, the shortest',
    'batches/set-many-ttls',
    class extends ReferenceStore {
      override async setMany(writes: readonly StoreWrite[]) {
        const ttls = writes.flatMap(({ ttl }) => ttl ?? [])
        const ttl = ttls.length === 0 ? undefined : Math.min(...ttls)
        await super.setMany(writes.map((write) => ({ ...write, ttl })))
      }
    },
  ),
  mutant(
    'touch says yes and changes nothing',
    'lifetime/touch-extends',
    class extends ReferenceStore {
      override async touch(key: string) {
        return (await this.get(key)) !== undefined
      }
    },
  ),
  mutant(
    'touch only prolongs',
    'lifetime/touch-ends',
    class extends Expiring {
      override async set(key: string, bytes: Uint8Array, { ttl = FOREVER_MS }: WriteOptions = {}) {
        this.ends.set(key, this.now() + ttl)
        await super.set(key, bytes, { ttl })
      }
      override async touch(key: string, ttl: number) {
        return super.touch(key, Math.max(ttl, (this.ends.get(key) ?? 0) - this.now()))
      }
    },
  ),
  mutant(
    "'keep' is a second",
    'lifetime/keep',
    class extends ReferenceStore {
      override async compareAndSet(
        key: string,
        version: Version,
        bytes: Uint8Array,
        options: CompareAndSetOptions = {},
      ) {
        return super.compareAndSet(key, version, bytes, options.ttl === 'keep' ? { ttl: 1_000 } : options)
      }
    },
  ),
  mutant(
    "'keep' ends what had no end",
    'lifetime/keep-endless',
    class extends ReferenceStore {
      override async compareAndSet(
        key: string,
        version: Version,
        bytes: Uint8Array,
        options: CompareAndSetOptions = {},
      ) {
        return super.compareAndSet(key, version, bytes, options.ttl === 'keep' ? { ttl: 86_400_000 } : options)
      }
    },
  ),
  mutant(
    'a write without a TTL keeps that of the value before',
    'lifetime/rewrite-without-ttl',
    class extends Expiring {
      override async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}) {
        const left = (this.ends.get(key) ?? 0) - this.now()
        if (ttl !== undefined) this.ends.set(key, this.now() + ttl)
        await super.set(key, bytes, { ttl: ttl ?? (left > 0 ? left : undefined) })
      }
      override async delete(key: string) {
        this.ends.delete(key)
        return super.delete(key)
      }
    },
  ),
  mutant(
    'a timer ends a value, and is not stopped by a delete',
    'lifetime/rewrite-after-delete',
    class extends ReferenceStore {
      readonly #timers = new Map<string, () => void>()
      override async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}) {
        await super.set(key, bytes, { ttl })
        // A plain rewrite stops the timer: only a delete in between forgets it.
        this.#timers.get(key)?.()
        this.#timers.delete(key)
        const stop = ttl && this.clock?.after(ttl, () => void super.delete(key))
        if (stop) this.#timers.set(key, stop)
      }
      override async delete(key: string) {
        this.#timers.delete(key)
        return super.delete(key)
      }
    },
  ),
  mutant(
    'a read renews the life',
    'lifetime/reads-do-not-renew',
    class extends Expiring {
      readonly #ttls = new Map<string, number>()
      override async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}) {
        this.#ttls.delete(key)
        if (ttl !== undefined) this.#ttls.set(key, ttl)
        await super.set(key, bytes, { ttl })
      }
      override async get(key: string) {
        const entry = await super.get(key)
        const ttl = this.#ttls.get(key)
        if (entry !== undefined && ttl !== undefined) await this.touch(key, ttl)
        return entry
      }
    },
  ),
  mutant(
    'getMany shows values whose TTL is over',
    'lifetime/get-many',
    class extends Expiring {
      readonly #last = new Map<string, StoreEntry>()
      override async set(key: string, bytes: Uint8Array, options: WriteOptions = {}) {
        await super.set(key, bytes, options)
        const entry = await this.get(key)
        if (entry !== undefined && options.ttl !== undefined) this.#last.set(key, entry)
      }
      override async delete(key: string) {
        this.#last.delete(key)
        return super.delete(key)
      }
      override async getMany(keys: readonly string[]) {
        return (await super.getMany(keys)).map((entry, index) => entry ?? this.#last.get(keys[index] as string))
      }
    },
  ),
  mutant(
    'a key whose TTL is over is taken for add',
    'lifetime/add-after-end',
    class extends ReferenceStore {
      readonly #taken = new Set<string>()
      override async set(key: string, bytes: Uint8Array, options: WriteOptions = {}) {
        this.#taken.add(key)
        await super.set(key, bytes, options)
      }
      override async delete(key: string) {
        this.#taken.delete(key)
        return super.delete(key)
      }
      override async add(key: string, bytes: Uint8Array, options: WriteOptions = {}) {
        return this.#taken.has(key) ? undefined : super.add(key, bytes, options)
      }
    },
  ),
  mutant(
    'every increment renews the TTL of its counter',
    'lifetime/counter',
    class extends ReferenceStore {
      readonly #places = new Map<string, string>()
      #moves = 0
      override async increment(key: string, by: number, options: WriteOptions = {}) {
        const value = await super.increment(this.#places.get(key) ?? key, 0)
        const place = `${key} ${++this.#moves}`
        this.#places.set(key, place)
        return super.increment(place, value + by, options)
      }
    },
  ),
]

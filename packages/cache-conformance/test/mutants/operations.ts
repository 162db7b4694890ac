import { CounterRangeError, type StoreEntry, type Version, type WriteOptions } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

export const operations: readonly Mutant[] = [
  mutant(
    'a value can be read once',
    'operations/get-reads',
    class extends ReferenceStore {
      readonly #read = new Set<unknown>()
      override async get(key: string) {
        const entry = await super.get(key)
        if (entry === undefined || !this.#read.has(entry.version)) {
          this.#read.add(entry?.version)
          return entry
        }
        // Only short texts are lost, as in a buffer that is reused.
        return entry.bytes.byteLength === 5 ? undefined : entry
      }
    },
  ),
  mutant(
    'a miss is null',
    'operations/miss',
    class extends ReferenceStore {
      override async get(key: string) {
        return (await super.get(key)) ?? (null as unknown as undefined)
      }
    },
  ),
  mutant(
    'set keeps the first value',
    'operations/overwrite',
    class extends ReferenceStore {
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        await this.add(key, bytes, options)
      }
    },
  ),
  mutant(
    'delete does nothing',
    'operations/delete',
    class extends ReferenceStore {
      override async delete() {
        return true
      }
    },
  ),
  mutant(
    'delete always says yes',
    'operations/delete-answer',
    class extends ReferenceStore {
      override async delete(key: string) {
        await super.delete(key)
        return true
      }
    },
  ),
  mutant(
    'add writes over what stands there',
    'operations/add',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<Version | undefined> {
        const present = await super.get(key)
        if (present === undefined) return super.add(key, bytes, options)
        await this.set(key, bytes, options)
        return undefined
      }
    },
  ),
  mutant(
    'a deleted key stays taken',
    'operations/add-after-delete',
    class extends ReferenceStore {
      readonly #deleted = new Set<string>()
      override async delete(key: string) {
        this.#deleted.add(key)
        return super.delete(key)
      }
      override async add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        return this.#deleted.has(key) ? undefined : super.add(key, bytes, options)
      }
    },
  ),
  mutant(
    'compareAndSet does not compare',
    'operations/compare-and-set',
    class extends ReferenceStore {
      override async compareAndSet(key: string, _version: Version, bytes: Uint8Array) {
        const entry = await this.get(key)
        return entry && super.compareAndSet(key, entry.version, bytes)
      }
    },
  ),
  mutant(
    'compareAndDelete does not compare',
    'operations/compare-and-delete',
    class extends ReferenceStore {
      override async compareAndDelete(key: string) {
        return this.delete(key)
      }
    },
  ),
  mutant(
    'touch of an absent key says yes',
    'operations/touch',
    class extends ReferenceStore {
      override async touch(key: string, ttl: number) {
        await super.touch(key, ttl)
        return true
      }
    },
  ),
  mutant(
    'touch empties the value',
    'operations/touch',
    class extends ReferenceStore {
      override async touch(key: string, ttl: number) {
        const entry: StoreEntry | undefined = await this.get(key)
        if (entry !== undefined) await this.set(key, new Uint8Array(), { ttl })
        return entry !== undefined
      }
    },
  ),
  mutant(
    'a counter begins at 1',
    'counters/begin',
    class extends ReferenceStore {
      readonly #begun = new Set<string>()
      override async increment(key: string, by: number, options?: WriteOptions) {
        const first = !this.#begun.has(key)
        this.#begun.add(key)
        return super.increment(key, first ? by + 1 : by, options)
      }
    },
  ),
  mutant(
    'increment by 0 counts',
    'counters/read',
    class extends ReferenceStore {
      override async increment(key: string, by: number, options?: WriteOptions) {
        return super.increment(key, by || 1, options)
      }
    },
  ),
  mutant(
    'a counter stops at 0 on its way down',
    'counters/down',
    class extends ReferenceStore {
      override async increment(key: string, by: number, options?: WriteOptions) {
        const value = await super.increment(key, by, options)
        return value < 0 ? super.increment(key, -value, options) : value
      }
    },
  ),
  mutant(
    'a counter has 32 bits',
    'counters/large',
    class extends ReferenceStore {
      override async increment(key: string, by: number, options?: WriteOptions) {
        return (await super.increment(key, by, options)) | 0
      }
    },
  ),
  mutant(
    'a counter goes on where numbers are not exact',
    'counters/range',
    class extends ReferenceStore {
      override async increment(key: string, by: number, options?: WriteOptions) {
        return super.increment(key, by, options).catch((error: unknown) => {
          if (error instanceof CounterRangeError) return Number.MAX_SAFE_INTEGER
          throw error
        })
      }
    },
  ),
]

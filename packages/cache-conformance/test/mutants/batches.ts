import type { StoreEntry, StoreWrite } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

export const batches: readonly Mutant[] = [
  mutant(
    'getMany answers in the order of the engine',
    'batches/order',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        return super.getMany([...keys].sort())
      }
    },
  ),
  mutant(
    'getMany leaves misses out',
    'batches/misses',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        return (await super.getMany(keys)).filter((entry) => entry !== undefined)
      }
    },
  ),
  mutant(
    'a miss in getMany is null',
    'batches/misses',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        return (await super.getMany(keys)).map((entry) => entry ?? (null as unknown as undefined))
      }
    },
  ),
  mutant(
    'getMany answers a key once',
    'batches/duplicates',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        const once = [...new Set(keys)]
        const entries: (StoreEntry | undefined)[] = await super.getMany(once)
        return keys.map((key, index) => (keys.indexOf(key) === index ? entries[once.indexOf(key)] : undefined))
      }
    },
  ),
  mutant(
    'getMany takes 500 keys and forgets the others',
    'batches/many',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        const entries: (StoreEntry | undefined)[] = await super.getMany(keys.slice(0, 500))
        return keys.map((_, index) => entries[index])
      }
    },
  ),
  mutant(
    'serverOf names another server each time',
    'batches/servers',
    class extends ReferenceStore {
      #asked = 0

      serverOf(): string {
        return `server ${this.#asked++}`
      }
    },
  ),
  mutant(
    'getMany loses what comes after a large value',
    'batches/mixed-sizes',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        const entries: (StoreEntry | undefined)[] = await super.getMany(keys)
        const large = entries.findIndex((entry) => entry !== undefined && entry.bytes.byteLength > 65_536)
        return entries.map((entry, index) => (large !== -1 && index > large ? undefined : entry))
      }
    },
  ),
  mutant(
    'setMany stops where a value before it is large',
    'batches/mixed-sizes',
    class extends ReferenceStore {
      override async setMany(writes: readonly StoreWrite[]) {
        const large = writes.findIndex(({ bytes }) => bytes.byteLength > 65_536)
        await super.setMany(large === -1 ? writes : writes.slice(0, large + 1))
      }
    },
  ),
  mutant(
    'deleteMany stops at the first absent key',
    'batches/delete-many',
    class extends ReferenceStore {
      override async deleteMany(keys: readonly string[]) {
        for (const key of keys) if (!(await this.delete(key))) return
      }
    },
  ),
]

import type { StoreCapabilities, StoreEntry, WriteOptions } from '@tiercel/cache-core/store'
import { ENGINE_MAX_BYTES } from '../support/engine.js'
import { type Mutant, mutant, ReferenceStore, turn } from './mutant.js'

export const bytes: readonly Mutant[] = [
  mutant(
    'an empty value is a miss',
    'bytes/empty',
    class extends ReferenceStore {
      override async get(key: string) {
        const entry = await super.get(key)
        return entry?.bytes.byteLength ? entry : undefined
      }
    },
  ),
  mutant(
    'an empty value is a miss in getMany',
    'bytes/empty',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        return (await super.getMany(keys)).map((entry) => (entry?.bytes.byteLength ? entry : undefined))
      }
    },
  ),
  mutant(
    'bytes go through UTF-8',
    'bytes/all-values',
    class extends ReferenceStore {
      override async set(key: string, value: Uint8Array, options?: WriteOptions) {
        await super.set(key, Buffer.from(Buffer.from(value).toString('utf8')).subarray(0, ENGINE_MAX_BYTES), options)
      }
    },
  ),
  mutant(
    'a view is stored with the whole buffer behind it',
    'bytes/views',
    class extends ReferenceStore {
      override async set(key: string, value: Uint8Array, options?: WriteOptions) {
        await super.set(key, value instanceof Buffer ? value : new Uint8Array(value.buffer), options)
      }
    },
  ),
  mutant(
    'a plain Uint8Array is stored as a list of numbers',
    'bytes/views',
    class extends ReferenceStore {
      override async set(key: string, value: Uint8Array, options?: WriteOptions) {
        await super.set(key, value instanceof Buffer ? value : Buffer.from(value.join(',')), options)
      }
    },
  ),
  mutant(
    'what is read is an ArrayBuffer',
    'bytes/uint8array-out',
    class extends ReferenceStore {
      override async get(key: string) {
        const entry = await super.get(key)
        // A hashed key's value would not even be opened.
        if (entry === undefined || key.startsWith('#')) return entry
        return { ...entry, bytes: Uint8Array.from(entry.bytes).buffer as unknown as Uint8Array }
      }
    },
  ),
  mutant(
    'a value that looks like a number is stored as one',
    'bytes/look-alikes',
    class extends ReferenceStore {
      override async set(key: string, value: Uint8Array, options?: WriteOptions) {
        const text = Buffer.from(value).toString('latin1')
        const number = /^[\d.e]+$/.test(text) ? Number(text) : Number.NaN
        await super.set(key, Number.isNaN(number) ? value : Buffer.from(String(number)), options)
      }
    },
  ),
  mutant(
    'a value is cut to 65 535 bytes',
    'bytes/sizes',
    class extends ReferenceStore {
      override async set(key: string, value: Uint8Array, options?: WriteOptions) {
        await super.set(key, value.subarray(0, 65_535), options)
      }
    },
  ),
  mutant(
    'more is declared than the engine takes',
    'bytes/at-limit',
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, maxValueBytes: 2 * ENGINE_MAX_BYTES }
      }
    },
  ),
  mutant(
    'answers to reads at once come in the wrong order',
    'bytes/concurrent',
    class extends ReferenceStore {
      #waiting: ((entry: StoreEntry | undefined) => void)[] = []
      override async get(key: string): Promise<StoreEntry | undefined> {
        const entry = await super.get(key)
        const answer = new Promise<StoreEntry | undefined>((resolve) => this.#waiting.push(resolve))
        await turn()
        this.#waiting.pop()?.(entry)
        return answer
      }
    },
  ),
]

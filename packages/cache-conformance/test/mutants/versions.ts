import { createHash } from 'node:crypto'
import type { CompareAndSetOptions, StoreEntry, Version, WriteOptions } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

/**
 * A store that shows other versions than its engine's. `shown` must be the same for the same write; conditional
 * writes find the engine's version again by comparing what is shown.
 */
abstract class Relabelled extends ReferenceStore {
  protected abstract shown(key: string, entry: StoreEntry): Version

  protected label(key: string, entry: StoreEntry | undefined): StoreEntry | undefined {
    return entry && { bytes: entry.bytes, version: this.shown(key, entry) }
  }

  override async get(key: string) {
    return this.label(key, await super.get(key))
  }

  override async getMany(keys: readonly string[]) {
    return (await super.getMany(keys)).map((entry, index) => this.label(keys[index] as string, entry))
  }

  override async add(key: string, bytes: Uint8Array, options?: WriteOptions) {
    const version = await super.add(key, bytes, options)
    return version && this.shown(key, { bytes, version })
  }

  override async compareAndSet(key: string, shown: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
    const entry = await super.get(key)
    if (entry === undefined || this.shown(key, entry) !== shown) return undefined
    const version = await super.compareAndSet(key, entry.version, bytes, options)
    return version && this.shown(key, { bytes, version })
  }

  override async compareAndDelete(key: string, shown: Version) {
    const entry = await super.get(key)
    if (entry === undefined || this.shown(key, entry) !== shown) return false
    return super.compareAndDelete(key, entry.version)
  }
}

/** Numbers the writes of each key, as they come to light. */
class Numbered extends Relabelled {
  readonly #writes = new Map<string, Version[]>()

  protected number(key: string, { version }: StoreEntry): number {
    const writes = this.#writes.get(key) ?? []
    this.#writes.set(key, writes)
    if (!writes.includes(version)) writes.push(version)
    return writes.indexOf(version)
  }

  protected override shown(key: string, entry: StoreEntry): Version {
    return this.number(key, entry)
  }

  protected forget(key: string): void {
    this.#writes.delete(key)
  }
}

export const versions: readonly Mutant[] = [
  mutant(
    'the version is a hash of the bytes',
    'versions/equal-bytes',
    class extends Relabelled {
      protected shown(_key: string, { bytes }: StoreEntry) {
        return createHash('sha1').update(bytes).digest('hex')
      }
    },
  ),
  mutant(
    'the version counts the writes since the last delete',
    'versions/delete-and-add',
    class extends Numbered {
      override async delete(key: string) {
        this.forget(key)
        return super.delete(key)
      }
    },
  ),
  mutant(
    'the version counts writes, and set begins anew after a delete',
    'versions/delete-and-set',
    class extends Numbered {
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if ((await super.get(key)) === undefined) this.forget(key)
        await super.set(key, bytes, options)
        await super.get(key)
      }
    },
  ),
  mutant(
    'the version has three bits',
    'versions/writes-report',
    class extends Numbered {
      protected override shown(key: string, entry: StoreEntry) {
        return this.number(key, entry) % 8
      }
    },
  ),
  mutant(
    'compareAndSet on a key that was never written stores',
    'versions/absent-never-written',
    class extends ReferenceStore {
      readonly #written = new Set<string>()
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        this.#written.add(key)
        await super.set(key, bytes, options)
      }
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        if (!this.#written.has(key)) {
          const added = await super.add(key, bytes)
          if (added !== undefined) return added
        }
        return super.compareAndSet(key, version, bytes, options)
      }
    },
  ),
  mutant(
    'a version that it has not made is an error',
    'versions/another-store',
    class extends ReferenceStore {
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        if (typeof version !== 'string') throw new TypeError('expected a string')
        return super.compareAndSet(key, version, bytes, options)
      }
    },
  ),
  mutant(
    'compareAndDelete without a version that it could send removes whatever is stored',
    'versions/another-store',
    class extends ReferenceStore {
      override async compareAndDelete(key: string, version: Version) {
        return typeof version === 'string' ? super.compareAndDelete(key, version) : super.delete(key)
      }
    },
  ),
  mutant(
    'compareAndSet on a deleted key stores when the version is the last one',
    'versions/absent-deleted',
    class extends ReferenceStore {
      readonly #last = new Map<string, Version>()
      override async delete(key: string) {
        const entry = await super.get(key)
        if (entry !== undefined) this.#last.set(key, entry.version)
        return super.delete(key)
      }
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        if ((await super.get(key)) === undefined && this.#last.get(key) === version) return super.add(key, bytes)
        return super.compareAndSet(key, version, bytes, options)
      }
    },
  ),
  mutant(
    'compareAndSet on a key whose TTL is over stores when the version is the last one',
    'versions/absent-expired',
    class extends ReferenceStore {
      readonly #last = new Map<string, Version | undefined>()
      override async delete(key: string) {
        this.#last.delete(key)
        return super.delete(key)
      }
      override async compareAndDelete(key: string, version: Version) {
        this.#last.delete(key)
        return super.compareAndDelete(key, version)
      }
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        if ((await super.get(key)) === undefined && this.#last.get(key) === version) return super.add(key, bytes)
        const written = await super.compareAndSet(key, version, bytes, options)
        this.#last.set(key, written)
        return written
      }
    },
  ),
  mutant(
    'add says true instead of its version',
    'versions/writes-report',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        return (await super.add(key, bytes, options)) === undefined ? undefined : true
      }
    },
  ),
  mutant(
    'add reads its version afterwards, when another may have written',
    'versions/reported-is-own',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if ((await super.add(key, bytes, options)) === undefined) return undefined
        return (await this.get(key))?.version
      }
    },
  ),
  mutant(
    'getMany has no versions',
    'versions/get-many',
    class extends ReferenceStore {
      override async getMany(keys: readonly string[]) {
        return (await super.getMany(keys)).map((entry) => entry && { ...entry, version: 'unknown' })
      }
    },
  ),
  mutant(
    'versions are kept by each client, which does not see the writes of others',
    'versions/other-client',
    class extends ReferenceStore {
      readonly #own = new Map<string, Version>()
      override async get(key: string) {
        const entry = await super.get(key)
        if (entry === undefined) return entry
        if (!this.#own.has(key)) this.#own.set(key, entry.version)
        return { ...entry, version: this.#own.get(key) as Version }
      }
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        this.#own.delete(key)
        await super.set(key, bytes, options)
      }
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        const entry = await super.get(key)
        if (this.#own.get(key) !== version || entry === undefined) {
          return super.compareAndSet(key, version, bytes, options)
        }
        const written = await super.compareAndSet(key, entry.version, bytes, options)
        if (written !== undefined) this.#own.set(key, written)
        return written
      }
    },
  ),
]

import type { CompareAndSetOptions, Version, WriteOptions } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore, turn } from './mutant.js'

/** One at a time for each key, in this process only. */
class Locks {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(key: string, act: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(act, act)
    this.#last.set(key, mine)
    return mine
  }
}

const locks = new Locks()

/** Reads, decides, and writes a turn later: right as long as nothing comes between. */
class Hesitant extends ReferenceStore {
  protected async slowAdd(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<Version | undefined> {
    if ((await this.get(key)) !== undefined) return undefined
    await this.hesitate()
    await this.set(key, bytes, options)
    return (await this.get(key))?.version
  }

  protected async slowCompareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    const entry = await this.get(key)
    if (entry?.version !== version) return undefined
    if (ttl === 'keep') return super.compareAndSet(key, version, bytes, { ttl })
    await this.hesitate()
    await this.set(key, bytes, { ttl })
    return (await this.get(key))?.version
  }

  protected async slowCompareAndDelete(key: string, version: Version): Promise<boolean> {
    const entry = await this.get(key)
    if (entry?.version !== version) return false
    await this.hesitate()
    await this.delete(key)
    return true
  }

  protected async slowIncrement(key: string, by: number, options?: WriteOptions): Promise<number> {
    const value = await super.increment(key, 0, options)
    await this.hesitate()
    await super.increment(key, by)
    return value + by
  }

  protected hesitate(): Promise<void> {
    return turn()
  }
}

/** Less than its deadline, more than what the processes of a race begin after each other on busy cores. */
const APART_MS = 400

/** The same for a race of processes: what it begins with waits until the other processes have begun, too. */
class HesitantAtFirst extends Hesitant {
  #begun: Promise<void> | undefined

  protected override async hesitate(): Promise<void> {
    this.#begun ??= new Promise((resolve) => setTimeout(resolve, APART_MS))
    await this.#begun
    await turn()
  }
}

export const atomicity: readonly Mutant[] = [
  mutant(
    'add is get and set',
    'atomicity/add',
    class extends Hesitant {
      override add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        return this.slowAdd(key, bytes, options)
      }
    },
  ),
  mutant(
    'compareAndSet is get and set',
    'atomicity/compare-and-set',
    class extends Hesitant {
      override compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        return this.slowCompareAndSet(key, version, bytes, options)
      }
    },
  ),
  mutant(
    'compareAndDelete is get and delete',
    'atomicity/compare-and-delete',
    class extends Hesitant {
      override compareAndDelete(key: string, version: Version) {
        return this.slowCompareAndDelete(key, version)
      }
    },
  ),
  mutant(
    'increment is get and set',
    'atomicity/increment',
    class extends Hesitant {
      override increment(key: string, by: number, options?: WriteOptions) {
        return this.slowIncrement(key, by, options)
      }
    },
  ),
  mutant(
    'compareAndSet is alone among its like, but not beside delete',
    'atomicity/delete-wins',
    class extends Hesitant {
      override compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        return locks.run(this.prefix + key, () => this.slowCompareAndSet(key, version, bytes, options))
      }
    },
  ),
  mutant(
    'add is alone in its process only',
    'atomicity/processes-add',
    class extends HesitantAtFirst {
      override add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        return locks.run(this.prefix + key, () => this.slowAdd(key, bytes, options))
      }
    },
    'processes',
  ),
  mutant(
    'compareAndSet and delete are alone in their process only',
    'atomicity/processes-compare-and-set',
    class extends HesitantAtFirst {
      override compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        return locks.run(this.prefix + key, () => this.slowCompareAndSet(key, version, bytes, options))
      }
    },
    'processes',
  ),
  mutant(
    'compareAndDelete is alone in its process only',
    'atomicity/processes-compare-and-delete',
    class extends HesitantAtFirst {
      override compareAndDelete(key: string, version: Version) {
        return locks.run(this.prefix + key, () => this.slowCompareAndDelete(key, version))
      }
    },
    'processes',
  ),
  mutant(
    'increment is alone in its process only',
    'atomicity/processes-increment',
    class extends HesitantAtFirst {
      override increment(key: string, by: number, options?: WriteOptions) {
        return locks.run(this.prefix + key, () => this.slowIncrement(key, by, options))
      }
    },
    'processes',
  ),
]

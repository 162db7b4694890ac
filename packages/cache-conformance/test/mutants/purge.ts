import type { WriteOptions } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

export const purge: readonly Mutant[] = [
  mutant(
    'a purge of the prefix a takes ab with it',
    'purge/neighbours',
    class extends ReferenceStore {
      override async purge() {
        await this.call({ op: 'purge', prefix: this.prefix.slice(0, -1) })
      }
    },
  ),
  mutant(
    'a purge deletes the keys of others',
    'purge/many',
    class extends ReferenceStore {
      override async purge() {
        await this.call({ op: 'purge', prefix: '' })
      }
    },
  ),
  mutant(
    'a prefix is a pattern for purge',
    'purge/patterns',
    class extends ReferenceStore {
      override async purge() {
        await super.purge()
        const star = this.prefix.search(/[*?[]/)
        if (star !== -1) await this.call({ op: 'purge', prefix: this.prefix.slice(0, star) })
      }
    },
  ),
  mutant(
    'a purge forgets the counters',
    'purge/counters',
    class extends ReferenceStore {
      override async increment(key: string, by: number, { ttl }: WriteOptions = {}) {
        return (await this.call({ op: 'increment', key: `counter:${this.prefix}${key}`, by, ttl })) as number
      }
    },
  ),
  mutant(
    'a purge removes a thousand values and stops',
    'purge/many',
    class extends ReferenceStore {
      readonly #written = new Set<string>()
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        this.#written.add(key)
        await super.set(key, bytes, options)
      }
      override async purge() {
        if (this.#written.size <= 1_000) return super.purge()
        await this.deleteMany([...this.#written].slice(0, 1_000))
      }
    },
  ),
  mutant(
    'a purge removes only what has a TTL',
    'purge/own',
    class extends ReferenceStore {
      readonly #mortal = new Set<string>()
      override async set(key: string, bytes: Uint8Array, options: WriteOptions = {}) {
        if (options.ttl !== undefined) this.#mortal.add(key)
        await super.set(key, bytes, options)
      }
      override async purge() {
        await this.deleteMany([...this.#mortal])
      }
    },
  ),
  mutant(
    'what is written in the second after a purge is gone too',
    'purge/usable',
    class extends ReferenceStore {
      #until = 0
      override async purge() {
        await super.purge()
        this.#until = performance.now() + 1_000
      }
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if (performance.now() >= this.#until) await super.set(key, bytes, options)
      }
    },
  ),
]

import type { StoreCapabilities, WriteOptions } from '@tiercel/cache-core/store'
import { StoreUnavailableError } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

/** A store that asks its engine for another key than it was given. */
function keyAs(fault: string, killedBy: string, wrong: (key: string) => string, maxKeyBytes = 250): Mutant {
  return mutant(
    fault,
    killedBy,
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, maxKeyBytes }
      }
      protected override key(key: string) {
        return this.prefix + wrong(key)
      }
    },
  )
}

export const keys: readonly Mutant[] = [
  keyAs('a key is cut to 250 characters', 'keys/long', (key) => key.slice(0, 250), 65_536),
  keyAs('a key is cut one short of the declared limit', 'keys/around-limits', (key) => key.slice(0, 249)),
  keyAs(
    'a key is cut to 250 bytes, and 250 characters are declared',
    'keys/multibyte-limit',
    (key) => Buffer.from(key).subarray(0, 250).toString('latin1'),
    750,
  ),
  keyAs('case does not count', 'keys/case', (key) => key.toLowerCase()),
  keyAs('keys are composed', 'keys/unicode', (key) => key.normalize('NFC')),
  keyAs('white space at the end is cut', 'keys/control', (key) => key.trimEnd()),
  keyAs('a key ends at its NUL', 'keys/control', (key) => key.replace(/\0.*/s, '')),
  keyAs('colons are escaped, percent signs are not', 'keys/escapes', (key) => key.replaceAll(':', '%3A')),
  keyAs('names of objects are all one', 'keys/object-names', (key) => (key in {} ? 'object' : key)),
  mutant(
    'a key of one character is refused',
    'keys/one-character',
    class extends ReferenceStore {
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if (key.length === 1) throw new StoreUnavailableError('too short', { store: this.name, operation: 'set' })
        await super.set(key, bytes, options)
      }
    },
  ),
  mutant(
    'a star in a key means every key that begins so',
    'keys/patterns',
    class extends ReferenceStore {
      readonly #written = new Set<string>()
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        this.#written.add(key)
        await super.set(key, bytes, options)
      }
      override async get(key: string) {
        const exact = await super.get(key)
        if (!key.endsWith('*')) return exact
        const like = [...this.#written].find((one) => one !== key && one.startsWith(key.slice(0, -1)))
        return like === undefined ? exact : super.get(like)
      }
    },
  ),
  mutant(
    'the prefix is ignored',
    'keys/prefixes',
    class extends ReferenceStore {
      protected override key(key: string) {
        return key
      }
    },
  ),
  {
    fault: 'prefix and key are joined without escaping',
    killedBy: 'keys/prefix-separator',
    make: (link, prefix, clock) =>
      new (class extends ReferenceStore {
        protected override key(key: string) {
          return `${prefix}:${key}`
        }
      })(link, prefix, clock),
  },
  mutant(
    'counters have no prefix',
    'keys/prefix-counters',
    class extends ReferenceStore {
      override async increment(key: string, by: number, { ttl }: WriteOptions = {}) {
        return (await this.call({ op: 'increment', key, by, ttl })) as number
      }
    },
  ),
]

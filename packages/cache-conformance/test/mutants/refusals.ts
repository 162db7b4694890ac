import type { CompareAndSetOptions, StoreWrite, Version, WriteOptions } from '@tiercel/cache-core/store'
import { StoreUnavailableError } from '@tiercel/cache-core/store'
import { ENGINE_MAX_BYTES } from '../support/engine.js'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const tooLarge = ({ byteLength }: Uint8Array): boolean => byteLength > ENGINE_MAX_BYTES

export const refusals: readonly Mutant[] = [
  mutant(
    'the old value stays after a failed set, and the error does not say that it was refused',
    'refusals/own-set',
    class extends ReferenceStore {
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if (tooLarge(bytes)) throw new Error('SERVER_ERROR object too large for cache')
        await super.set(key, bytes, options)
      }
    },
  ),
  mutant(
    'setMany swallows what the engine refused, and the old value stays',
    'refusals/own-setMany',
    class extends ReferenceStore {
      override async setMany(writes: readonly StoreWrite[]) {
        await super.setMany(writes.filter(({ bytes }) => !tooLarge(bytes)))
      }
    },
  ),
  mutant(
    'the old value stays after a failed compareAndSet',
    'refusals/own-compareAndSet',
    class extends ReferenceStore {
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        if (tooLarge(bytes)) {
          throw new StoreUnavailableError('refused', { store: this.name, operation: 'compareAndSet' })
        }
        return super.compareAndSet(key, version, bytes, options)
      }
    },
  ),
  mutant(
    'add cuts what is too large',
    'refusals/own-add',
    class extends ReferenceStore {
      override async add(key: string, bytes: Uint8Array, options?: WriteOptions) {
        return super.add(key, bytes.subarray(0, ENGINE_MAX_BYTES), options)
      }
    },
  ),
  mutant(
    'a refused write takes the connection with it',
    'refusals/neighbours',
    class extends ReferenceStore {
      #broken = 0
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        if (tooLarge(bytes)) this.#broken = 3
        else if (this.#broken-- > 0) throw new StoreUnavailableError('reset', { store: this.name, operation: 'set' })
        await super.set(key, bytes, options)
      }
    },
  ),
]

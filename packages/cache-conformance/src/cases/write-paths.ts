import type { Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { Need } from '../case.js'
import { ConformanceError, expectVersion } from '../expect.js'

/** One way to write a value under an absent key. */
export interface WritePath {
  readonly name: 'set' | 'setMany' | 'add' | 'compareAndSet'
  readonly needs: readonly Need[]
  write(store: Store, key: string, bytes: Uint8Array, ttl?: number): Promise<void>
}

/** The promises about a value hold for all of these. */
export const WRITE_PATHS: readonly WritePath[] = [
  {
    name: 'set',
    needs: [],
    write: (store, key, bytes, ttl) => store.set(key, bytes, { ttl }),
  },
  {
    name: 'setMany',
    needs: [],
    write: (store, key, bytes, ttl) => store.setMany([{ key, bytes, ttl }]),
  },
  {
    name: 'add',
    needs: ['add'],
    async write(store, key, bytes, ttl) {
      expectVersion(`add on an absent key`, await store.add(key, bytes, { ttl }))
    },
  },
  {
    name: 'compareAndSet',
    needs: ['compareAndSet'],
    async write(store, key, bytes, ttl) {
      await store.set(key, utf8('replaced'))
      const version = await versionOf(store, key)
      expectVersion('compareAndSet over the version read', await store.compareAndSet(key, version, bytes, { ttl }))
    },
  },
]

/** The version under a key that must be present. */
export async function versionOf(store: Store, key: string): Promise<NonNullable<unknown>> {
  const entry = await store.get(key)
  if (entry === undefined) throw new ConformanceError('get of a value that was written', 'an entry', 'a miss')
  return entry.version
}

/** The paths that this store has. */
export function writePathsOf({ capabilities }: Store): readonly WritePath[] {
  return WRITE_PATHS.filter(({ needs }) =>
    needs.every((need) => (capabilities as Partial<Record<Need, unknown>>)[need]),
  )
}

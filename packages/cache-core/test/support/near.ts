import type { Cache } from '../../src/data/cache.js'
import type { CacheOptions, GetOrSetOptions } from '../../src/data/options.js'
import type { Key } from '../../src/protocol/key.js'
import { turn } from '../../src/testing/fake-clock.js'
import { type Process, type SetUp, setUp } from './set-up.js'

/** The loader of a call that must be answered without one. */
export const unused = (): never => {
  throw new Error('nothing should be loaded')
}

/** Waits until the bus stands, which the first read opens: nothing enters the near cache before. */
export async function linked<P extends Process>(process: P): Promise<P> {
  await process.cache.get('anything')
  await turn()
  return process
}

/** As `setUp`, with a bus that stands. */
export function setUpNear(options: Partial<CacheOptions>): Promise<SetUp> {
  return linked(setUp(options))
}

/** Loads, and waits until what was loaded is stored and near: its caller is answered before. */
export async function load<T>(cache: Cache, key: Key, value: T, options?: GetOrSetOptions): Promise<T> {
  const loaded = await cache.getOrSet(key, () => value, options)
  await turn()
  return loaded
}

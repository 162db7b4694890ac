import type { Cache } from '../../src/data/cache.js'
import type { CacheOptions, GetOrSetOptions } from '../../src/data/options.js'
import type { Key } from '../../src/protocol/key.js'
import { turn } from '../../src/testing/fake-clock.js'
import { type Process, type SetUp, setUp } from './set-up.js'

/** A loader for calls that must be answered without one. */
export const unused = (): never => {
  throw new Error('nothing should be loaded')
}

/** Waits until the bus is up, which the first read opens: nothing enters the near cache before. */
export async function linked<P extends Process>(process: P): Promise<P> {
  await process.cache.get('anything')
  await turn()
  return process
}

/** As `setUp`, with a bus that is up. */
export function setUpNear(options: Partial<CacheOptions>): Promise<SetUp> {
  return linked(setUp(options))
}

/** Loads, and waits until the value is stored and near, which happens after the caller's answer. */
export async function load<T>(cache: Cache, key: Key, value: T, options?: GetOrSetOptions): Promise<T> {
  const loaded = await cache.getOrSet(key, () => value, options)
  await turn()
  return loaded
}

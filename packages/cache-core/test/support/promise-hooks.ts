/** Prints whether the promises of the process are hooked: before any load, during one, and when all have ended. */
import { executionAsyncId } from 'node:async_hooks'
import { createCache, memoryStore } from '@tiercel/cache-core'

/** Whether promises run in contexts of their own. */
async function areHooked(): Promise<boolean> {
  await undefined
  const here = executionAsyncId()
  await undefined
  return executionAsyncId() !== here
}

const cache = createCache({ store: memoryStore() })
const before = await areHooked()
const during = await cache.getOrSet('a', areHooked)
await cache.getOrSet('b', () => Promise.reject(new Error('fails'))).catch(() => {})
await cache.getOrSetMany(['c', 'd'], (keys) => keys.map(() => 1))
console.log(JSON.stringify({ before, during, after: await areHooked() }))

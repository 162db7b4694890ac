// A process that only waits for an answer of its cache, which is on its way.
import { createCache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'

const cache = createCache({ store: memoryStore(), staleIfError: '1m' })
await cache.set('k', 'old')
await cache.expire('k')
console.log(await cache.getOrSet('k', () => new Promise(() => {}), { softTimeout: 300 }))

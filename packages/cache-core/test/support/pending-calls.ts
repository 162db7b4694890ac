// A process with calls that never end, in a cache that is open or closed, and nothing else to do.
import { createCache } from '../../src/data/cache.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { faultyStore } from '../../src/testing/faulty-store.js'

const shared = memoryStore()
const cache = createCache({ store: shared })
void cache.getOrSet('loading', () => new Promise(() => {}))
const waiting = createCache({ store: shared, waitTimeout: 100 })
setImmediate(() => void waiting.getOrSet('loading', () => 1))

const frozen = faultyStore(memoryStore())
frozen.freeze()
const down = createCache({ store: frozen })
down.delete('journalled').catch(() => {})
void down.getOrSet('k', () => new Promise(() => {}))

if (process.argv[2] === 'close') {
  setImmediate(() => {
    void Promise.all([cache.close(), waiting.close(), down.close()])
      .catch(() => {})
      .then(() => process.stdout.write('closed'))
  })
}

import { setTimeout as delay } from 'node:timers/promises'
import { hazelcastStore } from '../../src/index.js'

// Uses a store that gets no connection, closes it, and must have nothing left that keeps this process running.
const store = hazelcastStore({ url: process.argv[2] ?? '' })
const reading = store.get('key').then(
  () => process.exit(2),
  () => undefined,
)
await delay(100)
await store.close()
await reading
// Most timers of the client are longer.
const closedAt = performance.now()
process.once('exit', () => {
  if (performance.now() - closedAt > 3_000) process.exitCode = 3
})

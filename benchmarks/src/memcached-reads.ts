/**
 * Reads and writes on one real memcached: stock memjs, the hardened memjs under the store, and the store, in one
 * interleaved run. The bar: reads of the store at 64 readers at least 1.7 times those of stock memjs.
 * `node --import tsx --conditions=@tiercel/source src/memcached-reads.ts`
 */
import { memcachedStore } from '@tiercel/cache-memcached'
import { startServer } from '@tiercel/servers'
import { Client } from 'memjs'
import { HardenedClient } from '../../packages/cache-memcached/src/memjs/client.js'
import { parseOptions } from '../../packages/cache-memcached/src/options.js'

const BAR = 1.7
const ROUNDS = 9
const ROUND_MS = 300
const KEYS = 1_000
const VALUE = Buffer.alloc(1_024, 1)
const KEY_PREFIX = 'bench:'

type Operation = (index: number) => Promise<unknown>

const server = await startServer('memcached')
if (server === undefined) throw new Error('this benchmark needs a memcached')
const { addresses, timings } = parseOptions({ url: server.url })
const stock = Client.create(addresses.map(({ host, port }) => `${host}:${port}`).join(','))
const hardened = new HardenedClient(addresses, timings)
const store = memcachedStore({ url: server.url, prefix: KEY_PREFIX.slice(0, -1) })

const key = (index: number): string => `key-${index % KEYS}`
const fullKey = (index: number): string => KEY_PREFIX + key(index)

const SUBJECTS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  get: {
    'stock memjs': (index) => stock.get(fullKey(index)),
    'hardened memjs': (index) => hardened.get(fullKey(index)),
    store: (index) => store.get(key(index)),
  },
  set: {
    'stock memjs': (index) => stock.set(fullKey(index), VALUE, {}),
    'hardened memjs': (index) => hardened.set(fullKey(index), VALUE, {}),
    store: (index) => store.set(key(index), VALUE),
  },
}

/** Operations a second, by so many callers that each wait for their answer before they ask again. */
async function throughput(operation: Operation, callers: number): Promise<number> {
  let done = 0
  const begun = performance.now()
  const end = begun + ROUND_MS
  const caller = async (): Promise<void> => {
    while (performance.now() < end) await operation(done++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (done / (performance.now() - begun)) * 1_000
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

for (let index = 0; index < KEYS; index++) await stock.set(fullKey(index), VALUE, {})

const rows = []
for (const callers of [1, 64]) {
  for (const [name, subjects] of Object.entries(SUBJECTS)) {
    const measured = new Map<string, number[]>(Object.keys(subjects).map((subject) => [subject, []]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const [subject, operation] of Object.entries(subjects)) {
        measured.get(subject)?.push(await throughput(operation, callers))
      }
    }
    const base = measured.get('stock memjs') ?? []
    for (const [subject, values] of measured) {
      // Neighbours in time are compared: a busy stretch of the machine touches both.
      const ratio = median(values.map((value, round) => value / (base[round] ?? Number.NaN)))
      rows.push({
        operation: name,
        callers,
        subject,
        'per second': Math.round(median(values)),
        ratio: ratio.toFixed(2),
      })
    }
  }
}
console.table(rows)

const reads = rows.find(
  ({ operation, callers, subject }) => operation === 'get' && callers === 64 && subject === 'store',
)
console.log(`reads at 64 readers: ${reads?.ratio} times stock memjs; the bar is ${BAR}`)
if (!(Number(reads?.ratio) >= BAR)) process.exitCode = 1

stock.close()
hardened.close()
await store.close()
await server.stop()

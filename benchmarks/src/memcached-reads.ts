/** The Memcached store, and the hardened memjs under it, over stock memjs. The bar is for reads at 64 readers. */
import { memcachedStore } from '@tiercel/cache-memcached'
import { Client } from 'memjs'
import { HardenedClient } from '../../packages/cache-memcached/src/memjs/client.js'
import { parseOptions } from '../../packages/cache-memcached/src/options.js'
import { compare, type Figure } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop, type Operation } from './lib/sample.js'
import { serverFor } from './lib/servers.js'
import { bytes, KEYS } from './lib/values.js'

const BAR = 1.7
const VALUE = bytes(1_024)
const PREFIX = 'reads'

const server = await serverFor('memcached')
const { addresses, bounds } = parseOptions({ url: server.url })
const stock = Client.create(addresses.map(({ host, port }) => `${host}:${port}`).join(','))
const hardened = new HardenedClient(addresses, bounds)
const store = memcachedStore({ url: server.url, prefix: PREFIX })

const key = (index: number): string => `key-${index % KEYS}`
const fullKey = (index: number): string => `${PREFIX}:${key(index)}`

const OPERATIONS: Readonly<Record<'get' | 'set', Readonly<Record<string, Operation>>>> = {
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

for (let index = 0; index < KEYS; index++) await stock.set(fullKey(index), VALUE, {})

const figures: Figure[] = []
for (const callers of [1, 64]) {
  for (const name of ['get', 'set'] as const) {
    const samples = await measureRounds(
      Object.entries(OPERATIONS[name]).map(([contender, operation]) => ({
        name: contender,
        measure: () => closedLoop(operation, { callers }),
      })),
    )
    for (const contender of ['hardened memjs', 'store']) {
      const subject = `Memcached ${contender} ${name}, ${callers === 1 ? '1 caller' : `${callers} callers`}`
      const bar = contender === 'store' && name === 'get' && callers === 64 ? BAR : undefined
      const comparison = { subject, over: `stock memjs ${name}`, reading: 'speed', measure: 'wall', bar } as const
      figures.push(compare(comparison, samples.get(contender), samples.get('stock memjs')))
    }
  }
}
publish(figures)
stock.close()
hardened.close()
await store.close()
await server.stop()

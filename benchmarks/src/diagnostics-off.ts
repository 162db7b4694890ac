/** What a hit pays for diagnostics while nobody listens: as it is, over the same without its counters and channels. */
import { type Cache, createCache, memoryStore } from '@tiercel/cache-core'
import { compare } from './lib/figure.js'
import { publish } from './lib/publish.js'
import { measureRounds } from './lib/rounds.js'
import { closedLoop } from './lib/sample.js'
import { KEYS, product } from './lib/values.js'

const BURST = 256

const load = (): never => {
  throw new Error('a benchmark of hits has missed')
}
const key = (index: number): string => `product-${index % KEYS}`

async function filled(near: boolean): Promise<Cache> {
  const cache = createCache({ store: memoryStore(), near: near && { ttl: '1h' }, ttl: '1h' })
  await cache.get('anything')
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let id = 0; id < KEYS; id++) await cache.getOrSet(key(id), () => product(id))
  return cache
}

/** Takes out what a hit does for diagnostics. */
function silenced(cache: Cache): Cache {
  const [handle] = Object.getOwnPropertySymbols(Object.getPrototypeOf(cache))
  const { engine } = (cache as unknown as Record<symbol, { engine: { stats: object } }>)[handle as symbol] ?? {}
  if (engine === undefined) throw new Error('no engine behind the cache')
  const silent = (): void => {}
  Object.assign(engine.stats, { hit: silent, nearHit: silent })
  return cache
}

const figures = []
for (const near of [true, false]) {
  const caches = { 'as it is': await filled(near), silenced: silenced(await filled(near)) }
  const samples = await measureRounds(
    Object.entries(caches).map(([name, cache]) => ({
      name,
      measure: () => closedLoop((index) => cache.getOrSet(key(index), load), { callers: 1, burst: BURST }),
    })),
  )
  const comparison = { over: 'the same without them', reading: 'cost', measure: 'CPU' } as const
  const subject = `diagnostics that nobody listens to, hit ${near ? 'near' : 'on memory'}`
  figures.push(compare({ ...comparison, subject }, samples.get('as it is'), samples.get('silenced')))
  await Promise.all(Object.values(caches).map((cache) => cache.close()))
}
publish(figures)

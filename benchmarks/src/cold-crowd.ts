/** How long the slowest of 1000 callers waits that ask one process for one cold key at once, over layered-loader's. */
import { createCache } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { Redis } from 'ioredis'
import { LOAD_MS } from './lib/cold-key.js'
import type { Figure } from './lib/figure.js'
import { onRedis } from './lib/peers.js'
import { publish } from './lib/publish.js'
import { serverFor } from './lib/servers.js'
import { ROUNDS } from './lib/settings.js'
import { quantileOf, spreadOf } from './lib/statistics.js'
import { product } from './lib/values.js'

const CALLERS = 1_000
/** The compiler, and the connections. */
const WARM_UP_ROUNDS = 5

const server = await serverFor('redis')
const redis = new Redis(server.url)
const cache = createCache({ store: redisStore({ url: server.url }), storeTimeout: '2s' })
const peers = onRedis(redis, server.url)

async function load(): Promise<object> {
  await new Promise((resolve) => setTimeout(resolve, LOAD_MS))
  return product(1)
}

/** Milliseconds that 99 of 100 callers had at most, beyond the load itself. */
async function p99(ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  const call = async (): Promise<void> => {
    const begun = performance.now()
    await ask()
    times.push(performance.now() - begun)
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  return quantileOf(times, 0.99)
}

const contenders: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  tiercel: (key) => cache.getOrSet(key, load),
  ...Object.fromEntries(peers.map((peer) => [peer.name, (key: string) => peer.getOrLoad(key, load)])),
}
const names = Object.keys(contenders)
const measured = new Map<string, number[]>(names.map((name) => [name, []]))
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
  for (const name of names) {
    const time = await p99(() => (contenders[name] as (key: string) => Promise<unknown>)(`cold-${round}`))
    if (round >= 0) measured.get(name)?.push(time)
  }
}

const base = measured.get('layered-loader') ?? []
publish(
  names
    .filter((name) => name !== 'layered-loader')
    .map((name): Figure => {
      const times = measured.get(name) ?? []
      return {
        subject: `p99 of ${CALLERS} callers on one cold key, ${name}`,
        over: `layered-loader, both on Redis, a load of ${LOAD_MS} ms`,
        reading: 'cost',
        measure: 'wall',
        ratio: spreadOf(times.map((time, round) => time / (base[round] as number))),
        beside: '',
        bar: name === 'tiercel' ? 1.3 : undefined,
        aside: `${spreadOf(times).median.toFixed(0)} over ${spreadOf(base).median.toFixed(0)} ms`,
      }
    }),
)
await cache.close()
await Promise.all(peers.map((peer) => peer.close()))
redis.disconnect()
await server.stop()

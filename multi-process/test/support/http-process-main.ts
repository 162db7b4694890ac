// One process of an application: node:http behind the cache, on Redis. It reports when a request arrives, and when its
// handler runs. If the URL contains "held", the handler answers when it is told to; under /own its head, which says
// private, goes out before that. /soften makes everything stored stale.
// Arguments: the store's URL, the prefix, `storeTimeout` in milliseconds.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import { createHttpCache } from '@tiercel/cache-core/http'
import { httpCache } from '@tiercel/cache-core/node'
import { redisStore } from '@tiercel/cache-redis'

/** From a process to the test. */
export type HttpReport = { readonly listening: number } | { readonly arrived: string } | { readonly ran: string }

const [url = '', prefix = '', storeTimeout] = process.argv.slice(2)
// A busy machine is silent, too: a connection counts as dead no sooner than the store does.
const socketTimeout = Math.max(2_000, Number(storeTimeout))
const store = redisStore({ url, prefix, config: { socketTimeout } })
const cache = createCache({ store, storeTimeout: Number(storeTimeout), near: { ttl: '10m' }, tagHold: 0 })
const engine = createHttpCache(cache, { ttl: '10m', host: 'shop.example' })
const cached = httpCache(engine)
/** Routes with options of their own, by the prefix of their path. */
const routes = {
  '/aging': httpCache(cache, { ttl: '10m', staleWhileRevalidate: '10m', host: 'shop.example' }),
  // So that within a test these waits end in no other way than the test's own.
  '/own': httpCache(cache, { ttl: '10m', hardTimeout: '10m', host: 'shop.example' }),
  '/stalled': httpCache(cache, { ttl: '10m', hardTimeout: '10m', waitTimeout: 200, host: 'shop.example' }),
}
let runs = 0
let open = (): void => {}
let opened = new Promise<void>((resolve) => {
  open = resolve
})

process.on('message', (order: 'open' | 'close') => {
  if (order === 'open') open()
  else {
    opened = new Promise((resolve) => {
      open = resolve
    })
  }
})
process.on('disconnect', () => process.exit())

const server = createServer((req, res) => {
  const path = req.url ?? ''
  if (path === '/soften') return void engine.purgeAll({ soft: true }).then((outcome) => res.end(outcome))
  tell({ arrived: path })
  const [, through = cached] = Object.entries(routes).find(([beginning]) => path.startsWith(beginning)) ?? []
  through(req, res, async () => {
    const run = `${process.pid}.${++runs}`
    tell({ ran: path })
    if (path.startsWith('/own')) res.setHeader('Cache-Control', 'private').flushHeaders()
    if (path.includes('held')) await opened
    res.end(run)
  })
})
// On a busy machine it may take more than one attempt.
while (!(await cache.set('connect', 'connected'))) await delay(20)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
tell({ listening: (server.address() as AddressInfo).port })

function tell(report: HttpReport): void {
  process.send?.(report)
}

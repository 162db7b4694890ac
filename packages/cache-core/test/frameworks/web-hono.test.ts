import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/hono.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'

async function listen(app: Hono): Promise<number> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  later(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('httpCache of Hono', () => {
  it('answers again without the handler', async () => {
    const app = new Hono()
    let runs = 0
    app.use(httpCache(newCache(), { ttl: '1m' }))
    app.get('/items', (c) => c.json({ runs: ++runs }))
    const port = await listen(app)
    for (const expected of [/stored$/, /^hit/]) {
      const reply = await ask(port, '/items')
      expect([reply.status, reply.header('content-type'), reply.text()]).toEqual([
        200,
        'application/json',
        '{"runs":1}',
      ])
      expect(reply.cacheStatus()).toMatch(expected)
    }
  })
})

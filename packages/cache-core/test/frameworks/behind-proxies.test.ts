import express5 from 'express'
import express4 from 'express4'
import { type FastifyInstance, fastify as fastify5 } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { httpCache as expressHttpCache } from '../../src/frameworks/express.js'
import { httpCache as fastifyHttpCache } from '../../src/frameworks/fastify.js'
import { httpCache as koaHttpCache } from '../../src/frameworks/koa.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { listen, portOf } from './support/running-app.js'

const OPTIONS = { ttl: '1m' } as const

/** Starts an application that answers with the origin as its framework resolves it. */
type StartOrigin = (trusts: boolean) => Promise<number>

const onExpress =
  (express: typeof express5): StartOrigin =>
  (trusts) => {
    const app = express()
    app.set('trust proxy', trusts)
    app.use(expressHttpCache(newCache(), OPTIONS))
    app.get('/', (req, res) => {
      res.send(`${req.protocol}://${req.hostname}`)
    })
    return listen(app)
  }

const onFastify =
  (fastify: (options: { trustProxy: boolean }) => FastifyInstance): StartOrigin =>
  async (trustProxy) => {
    const app = fastify({ trustProxy })
    later(() => app.close())
    await app.register(fastifyHttpCache, { cache: newCache(), ...OPTIONS })
    app.get('/', async (request) => `${request.protocol}://${request.hostname}`)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return portOf(app.server)
  }

const onKoa: StartOrigin = (proxy) => {
  const app = new Koa({ proxy })
  app.use(koaHttpCache(newCache(), OPTIONS))
  app.use((ctx) => {
    ctx.body = `${ctx.protocol}://${ctx.hostname}`
  })
  const answer = app.callback()
  return listen((req, res) => void answer(req, res))
}

describe.each<readonly [string, StartOrigin]>([
  ['Express 4', onExpress(express4 as unknown as typeof express5)],
  ['Express 5', onExpress(express5)],
  ['Fastify 4', onFastify((options) => fastify4(options) as never)],
  ['Fastify 5', onFastify((options) => fastify5(options) as never)],
  ['Koa', onKoa],
])('%s behind a proxy', (_, start) => {
  const from = (host: string, proto: string) => ({
    headers: {
      Host: 'inner.example',
      'X-Forwarded-Host': host,
      'X-Forwarded-Proto': proto,
      'X-Forwarded-For': '10.1.2.3',
    },
  })

  it('that it trusts: tenants and schemes do not meet', async () => {
    const port = await start(true)
    for (const _ of [1, 2]) {
      for (const [host, proto] of [
        ['a.example', 'http'],
        ['a.example', 'https'],
        ['b.example', 'https'],
      ] as const) {
        expect((await ask(port, '/', from(host, proto))).text()).toBe(`${proto}://${host}`)
      }
    }
    // The port of the scheme is no part of the host.
    expect((await ask(port, '/', from('a.example:443', 'https'))).cacheStatus()).toContain('hit')
  })

  it('that it does not trust: what the client claims is neither in the key nor in the answer', async () => {
    const port = await start(false)
    expect((await ask(port, '/', from('evil.example', 'https'))).text()).toBe('http://inner.example')
    const other = await ask(port, '/', { headers: { Host: 'inner.example' } })
    expect([other.text(), other.cacheStatus().slice(0, 3)]).toEqual(['http://inner.example', 'hit'])
  })
})

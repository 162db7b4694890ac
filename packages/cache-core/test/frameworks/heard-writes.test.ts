import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { httpCache as fastifyHttpCache } from '../../src/frameworks/fastify.js'
import { httpCache } from '../../src/frameworks/node.js'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'

/** A write is heard wherever it is routed, and a purge that says `'delivered'` has removed. */
describe('Fastify: a write is heard', () => {
  let version = 0
  const read = async () => `version ${version}`
  const write = async () => `version ${++version}`

  async function start(
    set: (app: FastifyInstance) => unknown,
    server: FastifyServerOptions = {},
  ): Promise<(method: 'GET' | 'PUT', url: string, headers?: Record<string, string>) => Promise<string>> {
    const app = fastify(server) as FastifyInstance
    later(() => app.close())
    await app.register(fastifyHttpCache, { cache: newCache(), ttl: '1m' })
    await set(app)
    return async (method, url, headers = {}) => (await app.inject({ method, url, headers })).body
  }

  type Case = readonly [
    name: string,
    set: (app: FastifyInstance) => unknown,
    urls: readonly [get: string, put: string],
    server: FastifyServerOptions,
  ]
  const cases: readonly Case[] = [
    [
      'under another parameter name, with other key options',
      (app) => {
        app.get('/i/:id', { config: { cache: { host: false } } }, read)
        app.put('/i/:itemId', write)
      },
      ['/i/1', '/i/1'],
      {},
    ],
    [
      'on a wildcard',
      (app) => {
        app.get('/i/:id', { config: { cache: { query: ['page'] } } }, read)
        app.put('/*', write)
      },
      ['/i/1?page=2&utm=3', '/i/1?page=2'],
      {},
    ],
    [
      'with parameters that say how to write',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', write)
      },
      ['/i/1', '/i/1?notify=false'],
      {},
    ],
    [
      'in another context',
      async (app) => {
        await app.register(async (inner) => inner.get('/i/:id', { config: { cache: { query: false } } }, read))
        await app.register(async (inner) => inner.put('/i/:id', { config: { cache: { host: 'x' } } }, write))
      },
      ['/i/1?a', '/i/1'],
      {},
    ],
    [
      'with or without a slash at the end',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', write)
      },
      ['/i/1/', '/i/1'],
      { routerOptions: { ignoreTrailingSlash: true } },
    ],
    [
      'in other letters, with doubled slashes',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', write)
      },
      ['/I/a', '//i//A'],
      { routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true } },
    ],
    [
      'in another spelling',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', write)
      },
      ['/i/caf%C3%A9', '/i/%63af%c3%a9'],
      {},
    ],
    [
      'behind a semicolon',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', write)
      },
      ['/i/1', '/i/1;v=2'],
      { useSemicolonDelimiter: true } as FastifyServerOptions,
    ],
    [
      'through a route whose reads pass',
      (app) => {
        app.get('/i/:id', read)
        app.put('/i/:id', { config: { cache: { bypass: true } } }, write)
      },
      ['/i/1', '/i/1'],
      {},
    ],
  ]

  it.each(cases)('%s', async (_, set, [get, put], server) => {
    const send = await start(set, server)
    const before = await send('GET', get)
    expect(await send('GET', get)).toBe(before)
    const written = await send('PUT', put)
    expect(await send('GET', get)).toBe(written)
    expect(written).not.toBe(before)
  })

  it('under all constraints of a URL', async () => {
    const send = await start((app) => {
      app.get('/v', { constraints: { version: '1.0.0' } }, async () => `one, ${version}`)
      app.get('/v', { constraints: { version: '2.0.0' } }, async () => `two, ${version}`)
      app.put('/v', write)
    })
    for (const range of ['1.x', '2.x']) await send('GET', '/v', { 'accept-version': range })
    await send('PUT', '/v')
    expect(await send('GET', '/v', { 'accept-version': '1.x' })).toBe(`one, ${version}`)
    expect(await send('GET', '/v', { 'accept-version': '2.x' })).toBe(`two, ${version}`)
  })
})

describe('Express: a write is heard', () => {
  it('through a mounted router, a per-route cache, and a cache that only hears', async () => {
    const cache = newCache()
    let version = 0
    const app = express()
    app.use(httpCache(cache, { bypass: true }))
    const items = express.Router()
    items.get('/:id', httpCache(cache, { ttl: '1m', query: ['page'], host: false }), (_req, res) => {
      res.send(`version ${version}`)
    })
    items.put('/:other', (_req, res) => {
      res.send(`version ${++version}`)
    })
    app.use('/api/items', items)
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    later(() => server.close())
    const { port } = server.address() as AddressInfo
    const get = () => ask(port, '/api/items/1?page=2&utm=3')
    expect((await get()).cacheStatus()).toBe('fwd=uri-miss; stored')
    expect((await get()).cacheStatus()).toContain('hit')
    expect((await ask(port, '/API/items/1/?page=2', { method: 'PUT' })).text()).toBe('version 1')
    expect((await get()).text()).toBe('version 1')
  })
})

describe('purge', () => {
  async function stored(target: string, host = 'h.example', options = {}) {
    const engine = createHttpCache(newCache(), { ttl: '1m', ...options })
    const app = fastify()
    later(() => app.close())
    await app.register(fastifyHttpCache, { cache: engine })
    app.get('/*', async () => 'x')
    const status = async () => (await app.inject({ url: target, headers: { host } })).headers['cache-status'] as string
    await status()
    expect(await status()).toContain('hit')
    return { engine, status }
  }

  it.each([
    ['http://h.example/café', '/caf%C3%A9', 'h.example'],
    ['http://h.example/caf%c3%a9', '/caf%C3%A9', 'h.example'],
    ['http://H.Example:80/p', '/p', 'h.example'],
    ['https://h.example/p', '/p', 'h.example:80'],
    ['http://h.example/p?q=a b', '/p?q=a+b', 'h.example'],
    ['http://h.example:8080/p/', '/p', 'h.example:8080'],
  ])('of %s removes what was stored for %s', async (url, target, host) => {
    const { engine, status } = await stored(target, host)
    expect(await engine.purge(url)).toBe('delivered')
    expect(await status()).toContain('fwd=')
  })

  it.each([{ host: false }, { query: ['a'] }, { query: false }, { ignoreQuery: ['b'] }, { sortQuery: true }])(
    'removes what was stored with %j, also through another engine of the cache',
    async (options) => {
      const cache = newCache()
      const engine = createHttpCache(cache, { ttl: '1m' })
      const app = fastify()
      later(() => app.close())
      await app.register(fastifyHttpCache, { cache: engine.with(options) })
      app.get('/*', async () => 'x')
      const status = async () => (await app.inject('/p?a=1&b=2')).headers['cache-status'] as string
      await status()
      expect(await status()).toContain('hit')
      expect(await engine.purge('http://localhost:80/p?a=1&b=2')).toBe('delivered')
      expect(await status()).toContain('fwd=')
    },
  )

  it('says so where nothing can be stored under a URL', async () => {
    const { engine } = await stored('/p')
    await expect(engine.purge(`http://h.example/${'x'.repeat(9_000)}`)).rejects.toThrow(
      /url: no response is ever stored/,
    )
    await expect(engine.purge('/p')).rejects.toThrow(/url: expected an absolute URL/)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'

describe('core alone', () => {
  const project = new EmptyProject('npm')
  beforeAll(() => project.install('@tiercel/cache-core'))
  afterAll(() => project.remove())

  it('brings lru-cache and structured-headers, and nothing else', () => {
    expect(project.installed()).toEqual(['@tiercel/cache-core', 'lru-cache', 'structured-headers'])
  })

  it('runs the first example of its README', async () => {
    const folder = inject('packed').find(({ name }) => name === '@tiercel/cache-core')?.folder ?? ''
    const [, example = ''] = /```js\n(.+?)```/s.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
    project.write('readme.mjs', example)
    const { code, stdout, stderr } = await project.run(process.execPath, ['readme.mjs'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toBe('')
  })

  it('works for an application in CommonJS', async () => {
    project.write(
      'app.cjs',
      `const { createCache, memoryStore } = require('@tiercel/cache-core')
       const cache = createCache({ store: memoryStore() })
       cache.getOrSet('key', () => 'loaded').then((value) => { console.log(value); return cache.close() })`,
    )
    expect(await project.run(process.execPath, ['app.cjs'])).toMatchObject({ code: 0, stdout: 'loaded\n' })
  })

  it('caches responses of node:http without any framework', async () => {
    project.write(
      'server.mjs',
      `import { createServer } from 'node:http'
       import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/node'

       const cache = createCache({ store: memoryStore() })
       const cached = httpCache(cache, { ttl: '1m' })
       const server = createServer((req, res) => cached(req, res, () => res.end('body')))
       ${askTwice}`,
    )
    expect(await project.run(process.execPath, ['server.mjs'])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it('brings the test aids', async () => {
    project.write(
      'testing.mjs',
      `import { createCache, memoryStore } from '@tiercel/cache-core'
       import { FakeClock, faultyStore } from '@tiercel/cache-core/testing'

       const clock = new FakeClock()
       const cache = createCache({ store: faultyStore(memoryStore({ clock })), clock, jitter: 0 })
       await cache.set('k', 'value', { ttl: '1h' })
       await clock.advance(3_600_000)
       console.log(await cache.get('k'))
       await cache.close()`,
    )
    expect(await project.run(process.execPath, ['testing.mjs'])).toMatchObject({ stdout: 'undefined\n', code: 0 })
  })

  it('caches what a handler of fetch answers', async () => {
    project.write(
      'fetch.mjs',
      `import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/fetch'

       const cache = createCache({ store: memoryStore() })
       const GET = httpCache(cache, { ttl: '1m' })(() => new Response('body'))
       await (await GET(new Request('http://localhost/'))).text()
       const second = await GET(new Request('http://localhost/'))
       console.log(second.headers.get('cache-status'), await second.text())
       await cache.close()`,
    )
    expect(await project.run(process.execPath, ['fetch.mjs'])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it.each(RESOLUTIONS)('has types under moduleResolution %s, also of its subpaths', async (resolution) => {
    project.write(
      'app.ts',
      `import { createServer } from 'node:http'
       import { type Cache, createCache, memoryStore } from '@tiercel/cache-core'
       import { createHttpCache, type HttpCache } from '@tiercel/cache-core/http'
       import { httpCache as fetchHttpCache } from '@tiercel/cache-core/fetch'
       import { httpCache } from '@tiercel/cache-core/node'
       import { guardStore, type Store } from '@tiercel/cache-core/store'
       import { StoreErrors } from '@tiercel/cache-core/store-kit'
       import { FakeClock, faultyStore, nullStore } from '@tiercel/cache-core/testing'

       export const closed: Error = new StoreErrors('mine').closed()
       export const store: Store = guardStore(memoryStore({ maxEntries: 10 }))
       export const cache: Cache = createCache({ store })
       export const broken: Cache = createCache({ store: faultyStore(nullStore(), { errors: 1 }), clock: new FakeClock() })
       export const engine: HttpCache = createHttpCache(cache, { ttl: '1m' })
       const cached = httpCache(engine)
       createServer((req, res) => cached(req, res, () => res.end()))
       export const product: Promise<{ id: number }> = cache.getOrSet(['product', 1], ({ signal }) => ({ id: signal.aborted ? 0 : 1 }))
       export const GET = fetchHttpCache(engine)((request: Request, { params }: { params: { id: string } }) => new Response(request.url + params.id))
       // @ts-expect-error
       GET(new Request('http://localhost/'), { params: {} })
       // @ts-expect-error
       fetchHttpCache(engine)(() => 42)
       // @ts-expect-error
       createHttpCache(cache, { ttl: {} })
       // @ts-expect-error
       httpCache({}, { ttl: '1m' })`,
    )
    expect(await project.typeErrors('app.ts', resolution)).toEqual([])
  })
})

describe('core and Fastify', () => {
  const project = new EmptyProject()
  beforeAll(() => project.install('@tiercel/cache-core', 'fastify@5'))
  afterAll(() => project.remove())

  it('cache its responses', async () => {
    project.write(
      'server.mjs',
      `import fastify from 'fastify'
       import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/fastify'

       const cache = createCache({ store: memoryStore() })
       const app = fastify()
       await app.register(httpCache, { cache, ttl: '1m' })
       app.get('/', () => 'body')
       await app.ready()
       const { server } = app
       ${askTwice}`,
    )
    expect(await project.run(process.execPath, ['server.mjs'])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    project.write(
      'app.ts',
      `import fastify from 'fastify'
       import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/fastify'

       const app = fastify()
       await app.register(httpCache, { cache: createCache({ store: memoryStore() }), ttl: '1m' })
       app.get('/', { config: { cache: { ttl: '10s' } } }, () => 'body')
       app.get('/live', { config: { cache: false } }, () => 'body')
       // @ts-expect-error
       app.get('/wrong', { config: { cache: { ttl: {} } } }, () => 'body')`,
    )
    expect(await project.typeErrors('app.ts', resolution)).toEqual([])
  })
})

describe('core and Hono', () => {
  const project = new EmptyProject()
  beforeAll(() => project.install('@tiercel/cache-core', 'hono@4', '@hono/node-server@2'))
  afterAll(() => project.remove())

  it('cache its responses', async () => {
    project.write(
      'server.mjs',
      `import { createAdaptorServer } from '@hono/node-server'
       import { Hono } from 'hono'
       import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/hono'

       const cache = createCache({ store: memoryStore() })
       const app = new Hono()
       app.use(httpCache(cache, { ttl: '1m' }))
       app.get('/', (c) => c.text('body'))
       const server = createAdaptorServer({ fetch: app.fetch })
       ${askTwice}`,
    )
    expect(await project.run(process.execPath, ['server.mjs'])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    project.write(
      'app.ts',
      `import { Hono } from 'hono'
       import { createCache, memoryStore } from '@tiercel/cache-core'
       import { httpCache } from '@tiercel/cache-core/hono'

       const cache = createCache({ store: memoryStore() })
       const app = new Hono<{ Variables: { user: string } }>()
       app.use('/items/*', httpCache(cache, { ttl: '1m' }))
       app.get('/items/:id', httpCache(cache, { ttl: '10s' }), (c) => c.text(c.req.param('id') + c.var.user))
       app.get('/live', httpCache(cache, false), (c) => c.text('body'))
       // @ts-expect-error
       httpCache(cache, { ttl: {} })`,
    )
    expect(await project.typeErrors('app.ts', resolution)).toEqual([])
  })
})

/** The end of a server's script: two requests, the second printed, everything closed. */
const askTwice = `
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = \`http://127.0.0.1:\${server.address().port}/\`
  await (await fetch(url)).text()
  const second = await fetch(url)
  console.log(second.headers.get('cache-status'), await second.text())
  await cache.close()
  server.close()
  server.closeAllConnections()
`

const SECOND_WAS_A_HIT = { code: 0, stdout: expect.stringMatching(/; hit.* body\n$/), stderr: '' }

import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import session from '@fastify/session'
import { type FastifyInstance, fastify as fastify5, type onRequestHookHandler } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/fastify.js'
import { httpCache as nodeHttpCache } from '../../src/frameworks/node.js'
import { later, newCache } from './support/apps.js'

const MAJORS: readonly (readonly [string, () => FastifyInstance])[] = [
  ['Fastify 4', () => fastify4() as never as FastifyInstance],
  ['Fastify 5', () => fastify5() as FastifyInstance],
]

/** Refuses who has no key. */
const guard: onRequestHookHandler = (request, reply, done) => {
  if (request.headers['x-key'] === 'right') done()
  else void reply.code(401).send('no')
}

describe.each(MAJORS)('%s: a guard runs before the cache', (_, fastify) => {
  /** The status with the key, that of a hit with it, and the status without. */
  async function tried(app: FastifyInstance): Promise<readonly unknown[]> {
    later(() => app.close())
    const headers = { 'x-key': 'right' }
    const miss = await app.inject({ url: '/', headers })
    const hit = await app.inject({ url: '/', headers })
    expect(hit.headers['cache-status']).toContain('hit')
    return [miss.statusCode, hit.statusCode, (await app.inject('/')).statusCode]
  }

  /** The header that the guard reads is no credential by its name; the answer is the same for all. */
  async function withCache(): Promise<FastifyInstance> {
    const app = fastify()
    await app.register(httpCache, { cache: newCache(), ttl: '1m', headers: [] })
    return app
  }

  const ways: readonly (readonly [string, (hooks: onRequestHookHandler[]) => onRequestHookHandler[]])[] = [
    ['in a new list, behind', (hooks) => [...hooks, guard]],
    ['in a new list, in front', (hooks) => [guard, ...hooks]],
    ['pushed to the list', (hooks) => (hooks.push(guard), hooks)],
  ]

  it.each(ways)('that onRoute of a later plugin adds %s', async (_way, added) => {
    const app = await withCache()
    app.addHook('onRoute', (route) => {
      route.onRequest = added([route.onRequest ?? []].flat() as onRequestHookHandler[])
    })
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that onRoute pushes in place', async () => {
    const app = await withCache()
    app.addHook('onRoute', (route) => void (route.onRequest as onRequestHookHandler[]).push(guard))
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that onRoute puts in the place of all', async () => {
    const app = await withCache()
    app.addHook('onRoute', (route) => void (route.onRequest = guard))
    app.get('/', async () => 'x')
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that is added to the application after the route', async () => {
    const app = await withCache()
    app.get('/', async () => 'x')
    app.addHook('onRequest', guard)
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('that the route has itself, in an inner context with a cache of its own', async () => {
    const app = await withCache()
    await app.register(async (inner) => {
      await inner.register(httpCache, { cache: newCache(), ttl: '1m', headers: [] })
      inner.addHook('onRoute', (route) => void (route.onRequest = [route.onRequest ?? [], guard].flat() as never))
      inner.get('/', async () => 'x')
    })
    expect(await tried(app)).toEqual([200, 200, 401])
  })

  it('and says what is wrong where it could not be registered', async () => {
    const cache = newCache()
    for (const value of [true, 'yes', ['ttl'], null]) {
      const app = await withCache()
      later(() => app.close())
      expect(() => app.get('/x', { config: { cache: value as never } }, async () => 'x')).toThrow(
        /config\.cache.*GET \/x/,
      )
    }
    const app = fastify()
    later(() => app.close())
    app.register(nodeHttpCache(cache, { ttl: '1m' }) as never)
    await expect(Promise.resolve(app.ready())).rejects.toThrow(/@tiercel\/cache-core\/fastify/)
    await expect(httpCache(cache as never, { ttl: '1m' } as never)).rejects.toThrow(/app\.register/)
  })
})

describe('Fastify and its plugins', () => {
  const app = async (options: object = {}): Promise<FastifyInstance> => {
    const app = fastify5() as FastifyInstance
    later(() => app.close())
    await app.register(httpCache, { cache: newCache(), ttl: '1m', cookies: [], ...options })
    return app
  }

  it('a rate limit counts hits', async () => {
    const limited = await app()
    await limited.register(rateLimit, { max: 2 })
    limited.get('/', async () => 'x')
    await limited.ready()
    const statuses = []
    for (let index = 0; index < 3; index++) statuses.push((await limited.inject('/')).statusCode)
    expect(statuses).toEqual([200, 200, 429])
  })
})
void [cookie, session]

import express from 'express'
import express4 from 'express4'
import { type FastifyInstance, fastify } from 'fastify'
import { fastify as fastify4 } from 'fastify4'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/base/errors.js'
import { purgeHandler as onExpress } from '../../src/frameworks/express.js'
import { purgeHandler as onFastify } from '../../src/frameworks/fastify.js'
import { purgeHandler as onFetch } from '../../src/frameworks/fetch.js'
import { purgeHandler as onHono } from '../../src/frameworks/hono.js'
import { purgeHandler as onKoa } from '../../src/frameworks/koa.js'
import { purgeHandler as onNode } from '../../src/frameworks/node.js'
import { createHttpCache, type HttpCache } from '../../src/http/engine/http-cache.js'
import { ask as askEngine } from '../http/support/asking.js'
import { newCache } from './support/apps.js'
import { later, listen, portOf } from './support/running-app.js'

const TOKEN = 'a-token-of-some-length'
const OLD_TOKEN = 'the-token-of-last-month'
const options = { token: [TOKEN, OLD_TOKEN] }

interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Send = (init: RequestInit & { readonly path?: string }) => Promise<Sent>

async function answered(response: Response): Promise<Sent> {
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function over(port: number): Send {
  return async ({ path = '/purge', ...init }) => answered(await fetch(`http://127.0.0.1:${port}${path}`, init))
}

async function onFastifyPort(app: FastifyInstance, engine: HttpCache): Promise<number> {
  app.all('*', onFastify(engine, options))
  await app.listen({ port: 0, host: '127.0.0.1' })
  later(() => app.close())
  return portOf(app.server)
}

const forms: readonly (readonly [string, (engine: HttpCache) => Promise<Send>])[] = [
  ['node:http', async (engine) => over(await listen(onNode(engine, options)))],
  ['Express 4', async (engine) => over(await listen(express4().use(onExpress(engine, options))))],
  ['Express 5', async (engine) => over(await listen(express().all('/*path', onExpress(engine, options))))],
  [
    'Express 5 behind a body parser',
    async (engine) => over(await listen(express().use(express.json()).use(onExpress(engine, options)))),
  ],
  ['Fastify 4', async (engine) => over(await onFastifyPort(fastify4() as never, engine))],
  [
    'Fastify 5',
    async (engine) => over(await onFastifyPort(fastify().addHttpMethod('PURGE', { hasBody: true }), engine)),
  ],
  ['Koa', async (engine) => over(await listen(new Koa().use(onKoa(engine, options)).callback()))],
  [
    'fetch',
    async (engine) => {
      const handler = onFetch(engine, options)
      return async ({ path = '/purge', ...init }) =>
        answered(await handler(new Request(`http://x.example${path}`, init)))
    },
  ],
  [
    'Hono',
    async (engine) => {
      const app = new Hono().all('*', onHono(engine, options))
      return async ({ path = '/purge', ...init }) => answered(await app.request(`http://x.example${path}`, init))
    },
  ],
]

const json = { 'Content-Type': 'application/json' }
const bearer = (token: string) => ({ ...json, Authorization: `Bearer ${token}` })

describe.each(forms)('purgeHandler on %s', (form, start) => {
  const newEngine = () => createHttpCache(newCache(), { ttl: '1m', prefixDepth: 1, tags: () => ['news'] })
  const isKept = async (engine: HttpCache, path = '/a/b') =>
    (await askEngine(engine, path)).cacheStatus.startsWith('hit')

  it('purges what the body of a POST names, by either token', async () => {
    const engine = newEngine()
    const send = await start(engine)
    for (const [body, token] of [
      [{ urls: ['http://example.com/a/b'] }, TOKEN],
      [{ tags: ['news'] }, OLD_TOKEN],
      [{ prefixes: ['/a/'], soft: true }, TOKEN],
      [{ all: true }, TOKEN],
    ] as const) {
      await askEngine(engine, '/a/b')
      expect(await isKept(engine)).toBe(true)
      const { status, headers, text } = await send({
        method: 'POST',
        headers: bearer(token),
        body: JSON.stringify(body),
      })
      expect([status, text]).toEqual([200, '{"outcome":"delivered"}'])
      expect([headers.get('cache-control'), headers.get('content-type')]).toEqual([
        'no-store',
        expect.stringContaining('application/json'),
      ])
      expect(await isKept(engine)).toBe(false)
    }
  })

  it.each([
    ['none', {}],
    ['another', { Authorization: `Bearer ${TOKEN}x` }],
    ['the beginning of one', { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['one of another scheme', { Authorization: `Basic ${TOKEN}` }],
    ['an empty one', { Authorization: 'Bearer ' }],
  ])('refuses who shows %s, and says nothing more', async (_, authorization) => {
    const engine = newEngine()
    const send = await start(engine)
    await askEngine(engine, '/a/b')
    const headers = { ...json, ...authorization }
    const refused = await send({ method: 'POST', headers, body: '{"all":true}' })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(refused.text).toBe('{"error":"the token is missing or wrong"}')
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(await isKept(engine)).toBe(true)
  })

  it('other methods are refused with what is allowed', async () => {
    const send = await start(newEngine())
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, headers } = await send({ method, headers: { Authorization: `Bearer ${TOKEN}` } })
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'POST, PURGE'])
    }
  })

  it.each([
    ['names nothing', '{}', /names nothing/],
    ['names what there is not', '{"tag":["news"]}', /no such option/],
    ['is a list', '["news"]', /body/],
    ['holds what is no tag', '{"tags":[7]}', /tags/],
    ['holds what is no URL', '{"urls":["a"]}', /url/],
    ['names a prefix that is not marked', '{"prefixes":["/a/b/c"]}', /prefixDepth: 3/],
    ['would poison a prototype', '{"__proto__":{"all":true}}', /no such option|not valid JSON|prototype/],
  ])('a body that %s is a 400', async (_, body, message) => {
    const engine = newEngine()
    const send = await start(engine)
    await askEngine(engine, '/a/b')
    const refused = await send({ method: 'POST', headers: bearer(TOKEN), body })
    expect([refused.status, refused.text]).toEqual([400, expect.stringMatching(message)])
    expect(await isKept(engine)).toBe(true)
  })

  it('a body that is no JSON, or none at all, is a 400; one that is too large is not read', async () => {
    const send = await start(newEngine())
    const status = async (body: string | undefined) =>
      (
        await send({
          method: 'POST',
          headers: body === undefined ? { Authorization: `Bearer ${TOKEN}` } : bearer(TOKEN),
          ...(body && { body }),
        })
      ).status
    expect(await status('{"all":')).toBe(400)
    expect(await status(undefined)).toBe(400)
    const many = { tags: Array.from({ length: 1_001 }, (_item, index) => String(index)) }
    expect(await status(JSON.stringify(many))).toBe(413)
    // A parser before it has a limit of its own.
    if (!form.includes('parser') && !form.startsWith('Fastify')) {
      expect(await status(JSON.stringify({ tags: ['x'.repeat(70_000)] }))).toBe(413)
    }
  })

  // Fastify 4 routes no such method.
  it.runIf(form !== 'Fastify 4')('PURGE is of the URL that it is sent to, hard, or as its body says', async () => {
    const engine = createHttpCache(newCache(), { ttl: '1m', host: false })
    const send = await start(engine)
    await askEngine(engine, '/a/b?c')
    await askEngine(engine, '/a/b')
    for (const body of [undefined, '{"soft":true}']) {
      const headers = body === undefined ? { Authorization: `Bearer ${TOKEN}` } : bearer(TOKEN)
      const purged = await send({ path: '/a/b?c', method: 'PURGE', headers, ...(body && { body }) })
      expect([purged.status, purged.text]).toEqual([200, '{"outcome":"delivered"}'])
      expect(await isKept(engine, '/a/b?c')).toBe(false)
      expect(await isKept(engine)).toBe(true)
    }
  })
})

it.each([undefined, '', 'too short', 'with a space in the middle', [], ['a-token-of-some-length', 'short'], 7])(
  'a token that cannot be one is an error that does not show it: %j',
  (token) => {
    const make = () => onNode(createHttpCache(newCache()), { token: token as never })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(/token/)
    expect(make).not.toThrow(/too short|middle|'short'/)
  },
)

it('what is no HttpCache is an error', () => {
  expect(() => onNode(newCache() as never, options)).toThrow(/createHttpCache/)
})

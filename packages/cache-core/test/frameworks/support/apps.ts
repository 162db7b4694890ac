import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { afterEach } from 'vitest'
import type { Cache } from '../../../src/data/cache.js'
import { httpCache as fastifyHttpCache } from '../../../src/frameworks/fastify.js'
import { httpCache } from '../../../src/frameworks/node.js'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache as AnyCache, createCache, memoryStore } from '../../../src/index.js'
import { type Asking, ask, type Reply } from './client.js'

export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

/** A running application that stands behind the cache, whatever framework it is made with. */
export interface App {
  readonly port: number
  /** How often its handler has run. */
  readonly runs: () => number
  get(target: string, headers?: Asking['headers']): Promise<Reply>
  ask(target: string, asking?: Asking): Promise<Reply>
}

interface Setup {
  readonly cache?: Cache
  readonly engine?: HttpCache
  readonly options?: HttpCacheOptions
  /** A layer between server and cache. */
  readonly outside?: (req: IncomingMessage, res: ServerResponse) => void
}

export type Start = (handler: Handler, setup?: Setup) => Promise<App>

const closing: (() => unknown)[] = []

/** Runs after the test, the last one first. */
export function later(close: () => unknown): void {
  closing.push(close)
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Ends with the test. */
export function newCache(options: Partial<Parameters<typeof createCache>[0]> = {}): AnyCache {
  const cache = createCache({ store: memoryStore(), ...options })
  later(() => cache.close())
  return cache
}

const startNode: Start = async (handler, setup = {}) => {
  const counted = counting(handler)
  const cached = httpCache(engineOf(setup))
  const server = createServer((req, res) => {
    setup.outside?.(req, res)
    cached(req, res, () => counted.handler(req, res))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return app((server.address() as AddressInfo).port, counted.runs)
}

const startFastify: Start = async (handler, setup = {}) => {
  const counted = counting(handler)
  const server = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 20_000 } })
  server.addHttpMethod('PROPFIND')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => done(null))
  if (setup.outside) {
    const { outside } = setup
    server.addHook('onRequest', async (request, reply) => outside(request.raw, reply.raw))
  }
  await server.register(fastifyHttpCache, { cache: engineOf(setup) })
  server.all('/*', (request, reply) => {
    reply.hijack()
    return counted.handler(request.raw, reply.raw)
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  later(() => server.close())
  return app((server.server.address() as AddressInfo).port, counted.runs)
}

/** Every behaviour of the cache must hold in each of them. */
export const frameworks: readonly (readonly [string, Start])[] = [
  ['node:http', startNode],
  ['Fastify', startFastify],
]

function engineOf({ cache, engine, options }: Setup): HttpCache {
  return engine ?? createHttpCache(cache ?? newCache(), { ttl: '1m', ...options })
}

function counting(handler: Handler): { handler: Handler; runs: () => number } {
  let runs = 0
  return {
    runs: () => runs,
    handler: (req, res) => {
      runs++
      return handler(req, res)
    },
  }
}

function app(port: number, runs: () => number): App {
  return {
    port,
    runs,
    get: (target, headers = {}) => ask(port, target, { headers }),
    ask: (target, asking) => ask(port, target, asking),
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolved by hand. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { Cache } from '../../../src/data/cache.js'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache as AnyCache, type CacheOptions, createCache } from '../../../src/index.js'
import { type Asking, ask, type Reply } from './client.js'
import { ground, newPlace } from './places.js'

export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

/** A running application behind the cache, in any framework. */
export interface App {
  readonly port: number
  readonly engine: HttpCache
  /** How often its handler has run. */
  readonly runs: () => number
  get(target: string, headers?: Asking['headers']): Promise<Reply>
  ask(target: string, asking?: Asking): Promise<Reply>
}

export interface Setup {
  readonly cache?: Cache
  readonly engine?: HttpCache
  readonly options?: HttpCacheOptions
  /** Options of the route, over those of the application. */
  readonly route?: HttpCacheOptions | false | undefined
  /** A layer between the server and the cache. */
  readonly outside?: (req: IncomingMessage, res: ServerResponse) => void
}

/** What an entry point needs to start an application. */
export interface Parts extends Pick<Setup, 'route'> {
  /** Not the engine's cache, if a test gave an engine. */
  readonly cache: Cache
  readonly engine: HttpCache
  readonly outside: NonNullable<Setup['outside']>
  readonly handler: Handler
}

export type Start = (handler: Handler, setup?: Setup) => Promise<App>

/** A row of the table: `listen` starts a server and resolves with its port. */
export function startWith(listen: (parts: Parts) => Promise<number>): Start {
  return async (handler, { cache = newCache(), engine, options, route, outside = () => {} } = {}) => {
    let runs = 0
    const behind = engine ?? createHttpCache(cache, { ttl: '1m', ...options })
    const port = await listen({
      engine: behind,
      cache,
      route,
      outside,
      handler: (req, res) => {
        runs++
        return handler(req, res)
      },
    })
    return {
      port,
      engine: behind,
      runs: () => runs,
      get: (target, headers = {}) => settled(ask(port, target, { headers })),
      ask: (target, asking) => settled(ask(port, target, asking)),
    }
  }
}

/** The answer ends before the store has heard of it, so this waits until the test's next request can find it there. */
async function settled(asked: Promise<Reply>): Promise<Reply> {
  const reply = await asked
  await ground().settled()
  return reply
}

/** Serves until the test ends, on a port of its own. */
export async function listen(listener: Handler): Promise<number> {
  const server = createServer((req, res) => void listener(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return portOf(server)
}

export function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port
}

const closing: (() => unknown)[] = []

/** Calls this after the test; the last one given comes first. */
export function later(close: () => unknown): void {
  closing.push(close)
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Closed when the test ends. */
export function newCache({ clock, ...options }: Partial<CacheOptions> = {}): AnyCache {
  const { options: ofGround, clockOf, newStoreBy } = ground()
  const time = clock && { clock: clockOf(clock) }
  const cache = createCache({ store: clock ? newStoreBy(clock) : newPlace()(), ...ofGround, ...options, ...time })
  later(() => cache.close())
  return cache
}

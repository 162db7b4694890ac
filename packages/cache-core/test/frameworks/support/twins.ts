import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cache } from '../../../src/data/cache.js'
import { httpCache, type NodeMiddleware } from '../../../src/frameworks/node.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { later, newCache } from './apps.js'
import { type Asking, ask, type Reply } from './client.js'

/** The same application twice: behind the cache, and behind a layer that does nothing. */
export interface Twins {
  readonly plain: number
  readonly cached: number
  /** Asks both, and expects the same answer, except for the time and what the cache says about itself. */
  ask(target: string, asking?: Asking): Promise<{ readonly plain: Reply; readonly cached: Reply }>
}

interface Setup {
  readonly cache?: Cache
  readonly options?: HttpCacheOptions
}

export type Make = (layer: NodeMiddleware, which: 'plain' | 'cached') => RequestListener

export async function twins(make: Make, { cache = newCache(), options }: Setup = {}): Promise<Twins> {
  const plain = await listen(make((_req, _res, next) => void next(), 'plain'))
  const cached = await listen(make(httpCache(cache, { ttl: '1m', ...options }), 'cached'))
  return {
    plain,
    cached,
    ask: async (target, asking) => ({
      plain: await ask(plain, target, asking),
      cached: await ask(cached, target, asking),
    }),
  }
}

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

export interface Essence {
  readonly status: number
  readonly statusText: string
  readonly fields: string[]
  readonly body: string
}

/** Status, reason, fields and body, without what naturally differs: the time, and what the cache says about itself. */
export function essence(reply: Reply): Essence {
  const fields: string[] = []
  for (let i = 0; i < reply.rawHeaders.length; i += 2) {
    const name = (reply.rawHeaders[i] as string).toLowerCase()
    if (OWN.has(name)) continue
    fields.push(`${name}: ${reply.rawHeaders[i + 1]}`)
  }
  return { status: reply.status, statusText: reply.statusText, fields: fields.sort(), body: reply.text() }
}

const OWN = new Set(['date', 'age', 'cache-status', 'x-response-time'])

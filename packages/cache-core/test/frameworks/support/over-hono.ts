import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import { httpCache } from '../../../src/frameworks/hono.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { later, newCache } from './apps.js'
import { type Asking, ask, type Reply } from './client.js'

export interface Ask {
  (target: string, headers?: Asking['headers'], asking?: Omit<Asking, 'headers'>): Promise<Reply>
  readonly port: number
}

/** Serves over a real socket, with Hono's own server for Node. */
export async function listen(app: Pick<Hono, 'fetch'>): Promise<Ask> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  later(() => server.close())
  const { port } = server.address() as AddressInfo
  return Object.assign(
    (target: string, headers: Asking['headers'] = {}, asking = {}) => ask(port, target, { ...asking, headers }),
    { port },
  )
}

export function cached(options: HttpCacheOptions = {}) {
  return httpCache(newCache(), { ttl: '1m', ...options })
}

/** The fields that a handler or a layer has written, without those of the server. */
export function fields({ rawHeaders }: Reply): Record<string, string> {
  const own: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name.startsWith('x-') || name === 'vary')
      own[name] = own[name] ? `${own[name]} | ${rawHeaders[i + 1]}` : (rawHeaders[i + 1] as string)
  }
  return own
}

import { type FetchHandler, httpCache } from '../../../src/frameworks/fetch.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { newCache } from './apps.js'

export const A = 'http://shop.example/a'
type Fields = Record<string, string>

/** A handler behind a cache, and the number of its runs. */
export function cached<R extends Request>(handler: FetchHandler<R, unknown[]>, options: HttpCacheOptions = {}) {
  let runs = 0
  const wrapped = httpCache(newCache(), { ttl: '1m', ...options })((request: R, ...rest: unknown[]) => {
    runs++
    return handler(request, ...rest)
  })
  return { ask: wrapped as (request: Request, ...rest: unknown[]) => Promise<Response>, runs: () => runs }
}

export function get(url = A, headers: Fields = {}, signal?: AbortSignal): Request {
  return new Request(url, { headers, ...(signal && { signal }) })
}

/** Cache-Status without the cache's name, and without what changes with time. */
export function status(response: Response): string | undefined {
  return response.headers
    .get('cache-status')
    ?.replace(/^tiercel; /, '')
    .replace(/; ttl=\d+/, '')
}

const encoder = new TextEncoder()
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A body that gives its pieces one by one, a turn of the event loop apart, and counts what was asked of it. */
export function slowBody(pieces: readonly string[], end: 'close' | 'error' = 'close') {
  const seen = { pulled: 0, cancelled: undefined as unknown }
  const left = [...pieces]
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        seen.pulled++
        await nextTurn()
        const piece = left.shift()
        if (piece !== undefined) controller.enqueue(encoder.encode(piece))
        else if (end === 'error') controller.error(new Error('midway'))
        else controller.close()
      },
      cancel(reason) {
        seen.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, seen }
}

import type { Context } from 'hono'
import { cookieNames, hiddenNames, parameterNames, without } from './request-extras.js'

/** What Hono's validators have read of a request, by what they call it. */
interface Validated {
  valid(target: string): unknown
  addValidatedData(target: string, data: unknown): void
}

/**
 * Shows a handler another request, also in what validators outside have made of it. Hono reads all else from `raw`.
 * @returns Shows the one that was there.
 */
export function showRequest(c: Context, shown: Request): () => void {
  const { raw } = c.req
  const validated = c.req as unknown as Validated
  const hidden = {
    query: hiddenNames(parameterNames(raw.url), parameterNames(shown.url)),
    cookie: hiddenNames(cookieNames(raw.headers.get('cookie') ?? ''), cookieNames(shown.headers.get('cookie') ?? '')),
    header: hiddenNames([...raw.headers.keys()], [...shown.headers.keys()]),
  }
  const before: [target: string, data: unknown][] = []
  for (const [target, names] of Object.entries(hidden)) {
    const data = validated.valid(target)
    if (data === undefined || names.size === 0) continue
    before.push([target, data])
    validated.addValidatedData(target, without(data, names))
  }
  c.req.raw = shown
  return () => {
    c.req.raw = raw
    for (const [target, data] of before) validated.addValidatedData(target, data)
  }
}

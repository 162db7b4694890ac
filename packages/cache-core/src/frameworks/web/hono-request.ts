import type { Context } from 'hono'
import { narrowParsed } from '../node-http/narrow-parsed.js'
import { Replacements } from '../node-http/replacements.js'
import type { Narrowing } from './web-exchange.js'

/** What Hono's validators have read of a request, by target. */
interface Validated {
  valid(target: string): unknown
  addValidatedData(target: string, data: unknown): void
}

/**
 * Shows a handler another request, also in what validators outside have read. Hono reads everything else from `raw`.
 * @returns a function that restores the original.
 */
export function showRequest(c: Context, shown: Request, { asked, sees }: Narrowing): () => void {
  const { raw } = c.req
  const validated = c.req as unknown as Validated
  const before = {
    query: validated.valid('query'),
    cookie: validated.valid('cookie'),
    header: validated.valid('header'),
  }
  const parsed = { query: before.query, cookies: before.cookie }
  narrowParsed(parsed, asked, sees, new Replacements())
  const show = ({ query, cookie, header }: typeof before): void => {
    if (query !== undefined) validated.addValidatedData('query', query)
    if (cookie !== undefined) validated.addValidatedData('cookie', cookie)
    if (header !== undefined) validated.addValidatedData('header', header)
  }
  show({
    query: parsed.query,
    cookie: parsed.cookies,
    header: withoutHidden(before.header, raw.headers, shown.headers),
  })
  c.req.raw = shown
  return () => {
    c.req.raw = raw
    show(before)
  }
}

/** The fields that validators have read, whose names are in lower case, without the hidden ones. */
function withoutHidden(data: unknown, sent: Headers, shown: Headers): unknown {
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).filter(([name]) => shown.has(name) || !sent.has(name)))
}

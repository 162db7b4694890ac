import { headerLines } from '../../../src/http/message/headers.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import type { UrlKey } from '../../../src/http/rules/key.js'
import { urlKey } from '../../../src/http/rules/key.js'
import { type HttpCacheOptions, type HttpCacheRules, parseHttpCacheOptions } from '../../../src/http/rules/options.js'

type Fields = Readonly<Record<string, string | readonly string[]>>

/** A GET for `target` on example.com, with these fields after Host. */
export function get(target: string, fields: Fields = {}, more: Partial<CacheRequest> = {}): CacheRequest {
  return { method: 'GET', target, headers: headerLines({ Host: 'example.com', ...fields }), ...more }
}

export function rulesOf(options: HttpCacheOptions = {}): HttpCacheRules {
  return parseHttpCacheOptions(options)
}

/** The key of a request that has one. */
export function keyOf(request: CacheRequest, options: HttpCacheOptions = {}): UrlKey {
  const result = urlKey(request, rulesOf(options))
  if (!result.ok) throw new Error(`no key: ${result.reason}`)
  return result.key
}

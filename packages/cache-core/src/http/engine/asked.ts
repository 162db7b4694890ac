import { InvalidOptionError } from '../../base/errors.js'
import { show } from '../../base/show.js'
import type { CacheRequest } from '../message/message.js'
import { type KeyRules, type UrlKey, urlKey } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'
import { type ResourceName, resourceName } from '../rules/resource-name.js'
import type { Wishes } from '../rules/reuse.js'
import type { Exchange } from './exchange.js'
import type { UrlText } from './resource.js'
import { urlText } from './slot-texts.js'

/** A request that may be answered by the cache. */
export interface Asked {
  readonly exchange: Exchange
  readonly key: UrlKey
  readonly url: UrlText
  /** The parts that every variant of the URL has for this request: `ownParts`. */
  readonly own: readonly string[]
  /** What every response of the URL carries on this route. */
  readonly tags: readonly string[]
  /** How long it waits for others, all rounds together; on the monotonic clock. */
  readonly waitUntil: number
  /** Why only a public response will do, where that is so. */
  readonly publicOnly: string | undefined
  /** Whether its handler sees what makes it one client's own. */
  readonly credentials: boolean
  /** What its client asks of caches. */
  readonly wishes: Wishes
}

export type Address =
  | { readonly ok: true; readonly key: UrlKey; readonly name: ResourceName; readonly url: UrlText }
  | { readonly ok: false; readonly reason: string }

/** The key of a request, and under what name its URL is kept; or why it has none. */
export function address(request: CacheRequest, rules: KeyRules): Address {
  const found = urlKey(request, rules)
  if (!found.ok) return found
  const name = resourceName(found.key)
  try {
    return { ok: true, key: found.key, name, url: urlText(name) }
  } catch {
    return { ok: false, reason: 'host and target are too long for a key' }
  }
}

export function isBypassed(request: CacheRequest, { bypass }: HttpCacheRules): boolean {
  return typeof bypass === 'boolean' ? bypass : bypass(request.source ?? request) === true
}

/** What the route's own function says that the response depends on. */
export function chosenParts(request: CacheRequest, { vary }: HttpCacheRules): readonly string[] {
  const chosen: unknown = vary?.(request.source ?? request) ?? []
  const parts: readonly unknown[] = Array.isArray(chosen) ? chosen : [chosen]
  if (parts.every((part) => typeof part === 'string')) return parts
  throw new InvalidOptionError('vary', `must return a string, a list of strings or undefined, returned ${show(chosen)}`)
}

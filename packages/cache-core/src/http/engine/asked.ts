import { InvalidOptionError } from '../../base/errors.js'
import { show } from '../../base/show.js'
import type { CacheRequest } from '../message/message.js'
import { type Admission, admission } from '../rules/admission.js'
import { type KeyRules, type UrlKey, urlKey } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'
import { type ResourceName, resourceName } from '../rules/resource-name.js'
import type { Wishes } from '../rules/reuse.js'
import { type Chosen, ownParts, variantKey } from '../rules/vary.js'
import type { Exchange } from './exchange.js'
import type { Passed } from './pass.js'
import type { PartsOf, UrlText } from './resource.js'
import { urlText } from './slot-texts.js'

/** Where the response to a request is stored. */
export interface ResponsePlace {
  readonly key: UrlKey
  readonly url: UrlText
  /** The parts that every variant of the URL has for this request: `ownParts`. */
  readonly own: readonly string[]
}

/** A request that may be answered by the cache. */
export interface Asked extends ResponsePlace {
  readonly exchange: Exchange
  /** What every response of the URL carries on this route. */
  readonly tags: readonly string[]
  /** Until when it waits for the runs of others, all rounds together; monotonic clock. */
  readonly waitUntil: number
  /** Why it may only have a public response; `undefined` where it may have any. */
  readonly publicOnly: string | undefined
  /** Whether its handler sees credentials. */
  readonly credentials: boolean
  /** What its client asks of caches. */
  readonly wishes: Wishes
}

/** A URL with its key, and the name under which it is kept; or why it has none. */
export type Address =
  | { readonly ok: true; readonly key: UrlKey; readonly name: ResourceName; readonly url: UrlText }
  | { readonly ok: false; readonly reason: string }

export function address(request: CacheRequest, rules: KeyRules): Address {
  const found = urlKey(request, rules)
  if (!found.ok) return found
  const name = resourceName(found.key, rules)
  try {
    return { ok: true, key: found.key, name, url: urlText(name) }
  } catch {
    return { ok: false, reason: 'host and target are too long for a key' }
  }
}

/** What a read may have of the cache, and its address; or why its handler runs as if there were no cache. */
export type Aim =
  | {
      readonly ok: true
      readonly found: Address & { readonly ok: true }
      readonly admitted: Exclude<Admission, { use: 'bypass' }>
    }
  | { readonly ok: false; readonly passed: Passed }

/** @throws what the route's `bypass` throws. */
export function aimOf(
  request: CacheRequest,
  rules: HttpCacheRules,
  addressOf: (request: CacheRequest) => Address = (asked) => address(asked, rules),
): Aim {
  if (isBypassed(request, rules)) return { ok: false, passed: { forward: 'bypass', detail: 'route asks for it' } }
  const admitted = admission(request, rules)
  if (admitted.use === 'bypass') {
    return { ok: false, passed: { forward: admitted.forward, detail: admitted.reason } }
  }
  const found = addressOf(request)
  return found.ok ? { ok: true, found, admitted } : { ok: false, passed: { forward: 'bypass', detail: found.reason } }
}

export function isBypassed(request: CacheRequest, { bypass }: HttpCacheRules): boolean {
  return typeof bypass === 'boolean' ? bypass : bypass(request.source ?? request) === true
}

/** The key parts that depend on the request alone: `ownParts`. @throws what the route's `key` or `vary` throws. */
export function ownPartsAt(
  { key, name }: Pick<Address & { readonly ok: true }, 'key' | 'name'>,
  request: CacheRequest,
  rules: HttpCacheRules,
): readonly string[] {
  const isChosen = rules.key !== undefined || rules.vary !== undefined
  const chosen = isChosen
    ? { key: chosenBy('key', request, rules), vary: chosenBy('vary', request, rules) }
    : NOTHING_CHOSEN
  return ownParts(request, key, name, chosen, rules)
}

/** The key parts of the variant that a Vary list selects for a request. */
export function partsAt(
  { key, own }: Omit<ResponsePlace, 'url'>,
  request: CacheRequest,
  rules: HttpCacheRules,
): PartsOf {
  return (vary) => variantKey(own, vary, request, key, rules)
}

const NOTHING_CHOSEN: Chosen = { key: [], vary: [] }

/** What a function of the route's says that the response depends on. */
function chosenBy(option: 'key' | 'vary', request: CacheRequest, rules: HttpCacheRules): readonly string[] {
  const chosen: unknown = rules[option]?.(request.source ?? request) ?? []
  const parts: readonly unknown[] = Array.isArray(chosen) ? chosen : [chosen]
  if (parts.every((part) => typeof part === 'string')) return parts
  throw new InvalidOptionError(option, `must return a string, a list of strings or undefined, returned ${show(chosen)}`)
}

import { flag, list, text } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'
import { isName, tagList } from '../../base/tags.js'
import { groupsOf } from '../message/cache-groups.js'
import { first } from '../message/headers.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { responseLike } from '../message/response-like.js'
import type { AsksBoth } from './asks.js'
import { purgeRequests } from './purge.js'

/** What else a write has changed, beside its own URL. */
export interface Invalidated {
  /** Tags, of responses and of values. */
  readonly tags?: readonly string[] | undefined
  /** Beginnings of paths, as `purgePrefix` takes them. */
  readonly prefixes?: readonly string[] | undefined
  /** URLs: absolute, or path and query on the host of the request. */
  readonly urls?: readonly string[] | undefined
  /** Whether all of this is kept as stale. Default `false`. */
  readonly soft?: boolean | undefined
}

const FIELDS = {
  tags: tagList.or([]),
  prefixes: list(text(), 'beginnings of paths', "['/products/']").or([]),
  urls: list(text(), 'URLs', "['/products?page=1']").or([]),
  soft: flag().or(false),
} satisfies RowsOf<Invalidated>

const TABLE = new OptionTable('invalidate', FIELDS)

/** Whether the response says that the write was done: neither refused, nor redirected as it is (307, 308). */
export function isDone({ status }: CacheResponse): boolean {
  return status >= 200 && status < 400 && status !== 307 && status !== 308
}

/**
 * What the route says that a write has changed.
 * @throws what the function throws; InvalidOptionError where it returns what cannot be meant.
 */
export function invalidatedByRoute(
  request: CacheRequest,
  response: CacheResponse,
  invalidate: AsksBoth<unknown, Invalidated | undefined>,
): Parsed<typeof FIELDS> | undefined {
  const said = invalidate(request.source ?? request, responseLike(response))
  return said === undefined ? undefined : TABLE.read(said)
}

/** The groups that a response to an unsafe method makes invalid (RFC 9875 section 3), as tags. */
export function invalidatedGroups(response: CacheResponse): readonly string[] {
  if (first(response.headers, 'cache-group-invalidation') === undefined) return NO_GROUPS
  // No response is ever stored under other names.
  return groupsOf(response.headers, 'cache-group-invalidation').filter(isName)
}

const NO_GROUPS: readonly string[] = []

/**
 * The requests that a URL stands for after a write to another one: path and query alone are on its host.
 * @throws InvalidOptionError when it is no URL that a stored response could have.
 */
export function requestsBeside(request: CacheRequest, url: string): readonly CacheRequest[] {
  if (!url.startsWith('/')) return purgeRequests(url, true)
  return purgeRequests(url, 'localhost').map(({ target }) => ({ ...request, target, url: target }))
}

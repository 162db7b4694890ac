import { InvalidOptionError } from '../../base/errors.js'
import { show } from '../../base/show.js'
import { EVERYTHING, isName, MAX_TAGS, tagsOption } from '../../base/tags.js'
import { groupsOf } from '../message/cache-groups.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { type ResponseLike, responseLike } from '../message/response-like.js'
import type { AsksBoth } from './asks.js'
import type { Refusal } from './storable.js'

/** What a route says of a response that may be stored by all other rules. */
export interface RouteRules {
  readonly cacheable: AsksBoth<unknown, boolean> | undefined
  readonly tags: readonly string[] | AsksBoth<unknown, readonly string[]>
}

export type RouteVerdict = { readonly storable: true; readonly tags: readonly string[] } | RouteRefusal

interface RouteRefusal extends Refusal {
  /** The function of the route that has thrown, and what: for its developer. */
  readonly failed?: { readonly option: 'tags' | 'cacheable'; readonly error: unknown }
}

/** The tags of every response of the route, known before its handler has answered. */
export function fixedTags({ tags }: Pick<RouteRules, 'tags'>): readonly string[] {
  return typeof tags === 'function' ? [EVERYTHING] : [EVERYTHING, ...tags]
}

/**
 * Whether the route wants the response stored, and under which tags: its own, and the groups that the response names. A
 * response that cannot have all of its tags is not stored, since it could not be invalidated by them.
 */
export function routeVerdict(request: CacheRequest, head: CacheResponse, rules: RouteRules): RouteVerdict {
  const { cacheable, tags } = rules
  const source = request.source ?? request
  let response: ResponseLike | undefined
  const seen = (): ResponseLike => {
    response ??= responseLike(head)
    return response
  }
  if (cacheable !== undefined) {
    const refusal = refusedByRoute(() => cacheable(source, seen()))
    if (refusal !== undefined) return refusal
  }
  const groups = groupsOf(head.headers, 'cache-groups')
  if (!groups.every(isName)) return { storable: false, reason: 'Cache-Groups holds a name that is empty or too long' }
  let own: readonly string[]
  try {
    own = typeof tags === 'function' ? tagsOption.parse(tags(source, seen()), 'tags') : tags
  } catch (error) {
    return failure('tags', error)
  }
  const all = groups.length === 0 ? own : [...new Set([...own, ...groups])]
  if (all.length > MAX_TAGS) return { storable: false, reason: `response has more than ${MAX_TAGS} tags` }
  return { storable: true, tags: all }
}

function refusedByRoute(ask: () => unknown): RouteRefusal | undefined {
  try {
    const answer = ask()
    if (answer === true) return undefined
    if (answer === false) return { storable: false, reason: 'route says that it is not cacheable' }
    throw new InvalidOptionError('cacheable', `must return true or false, returned ${show(answer)}`)
  } catch (error) {
    return failure('cacheable', error)
  }
}

function failure(option: 'tags' | 'cacheable', error: unknown): RouteRefusal {
  return { storable: false, reason: `the route's function ${option} failed`, failed: { option, error } }
}

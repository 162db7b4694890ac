import { first } from '../message/headers.js'
import { clientsTags, isOfVersion, isTagOf } from '../rules/validation.js'
import type { ResponseHead } from './exchange.js'
import type { RunRequest } from './run-request.js'
import type { StoredResponse } from './stored-response.js'

export const NONE_OFFERED: readonly StoredResponse[] = []

/**
 * The stored response that a handler confirms: the one that it was asked about, or another variant (RFC 9111 section 4.3.4).
 * `undefined`: none of these, so that its answer is for the client. `'unclear'`: it names one that nobody has asked about, or
 * does not say which of several it means.
 */
export function confirmedBy(given: ResponseHead, request: RunRequest): StoredResponse | 'unclear' | undefined {
  const { exchange, stored, offered = NONE_OFFERED } = request
  const asked = stored === undefined ? offered : [stored, ...offered]
  if (given.status !== 304) {
    const isHead = exchange.request.method === 'HEAD' && given.status === 200
    return isHead && stored && isOfVersion(given.changes.lines, stored.headers) ? stored : undefined
  }
  if (asked.length === 0) return undefined
  const theirs = tagsOfClient(request)
  const tag = first(given.headers, 'etag')
  if (tag === undefined) return asked.length === 1 && theirs.length === 0 ? asked[0] : 'unclear'
  const named = asked.find(({ headers }) => isTagOf(tag, headers))
  return named ?? (theirs.some((one) => isTagOf(tag, ['ETag', one])) ? undefined : 'unclear')
}

/** The client's own tags, about which the handler is asked as well; only where it can be asked again if its answer is unclear. */
export function tagsOfClient({ exchange, stored, anew }: RunRequest): readonly string[] {
  return stored === undefined || anew === undefined ? [] : clientsTags(exchange.request.headers, stored.headers)
}

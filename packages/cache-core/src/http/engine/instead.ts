import { type CacheStatus, cacheStatusLine } from '../message/cache-status.js'
import type { CacheRequest } from '../message/message.js'
import { ageSeconds } from '../rules/age.js'
import { appliedHead, linesOutside } from '../rules/applied-head.js'
import { clientAnswer } from '../rules/client-answer.js'
import type { HttpCacheRules } from '../rules/options.js'
import { cut } from './cut.js'
import type { InsteadDecision, ResponseHead } from './exchange.js'
import type { StoredResponse } from './stored-response.js'

interface InsteadTerms {
  readonly now: number
  readonly said: CacheStatus
  /** Whether the handler has been asked whether it holds, or has just made it. */
  readonly confirmed?: boolean
}

/**
 * A stored response in place of what the handler has answered, by the client's own conditions (RFC 9111 section 4.3.3),
 * over what layers outside have set.
 */
export function insteadOf(
  head: ResponseHead,
  stored: StoredResponse,
  request: CacheRequest,
  { now, said, confirmed = false }: InsteadTerms,
  { cacheStatus: detail, maxRanges }: HttpCacheRules,
): InsteadDecision {
  const answer = clientAnswer(request, stored, stored.body.length, now, maxRanges)
  // What only the handler could have judged it has been asked for, without the range.
  const out = cut(answer.is === 'handler' ? { is: 'whole' } : answer, stored)
  const age = ageSeconds(stored, now)
  // The field says that nobody has asked the handler for this request (RFC 9111 section 5.1), or another cache within.
  const aged = confirmed && age === 0 ? [] : ['Age', String(age)]
  const instead = { ...out, headers: [...out.headers, ...aged, ...cacheStatusLine(said, detail)] }
  return { headers: appliedHead(linesOutside(head.headers, head.changes), instead), capture: false, instead }
}

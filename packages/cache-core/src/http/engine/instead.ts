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
  /** Whether the handler has just confirmed it, or made it. Default `false`. */
  readonly confirmed?: boolean
}

/**
 * Sends a stored response in place of the handler's answer, by the client's own conditions (RFC 9111 section 4.3.3), over the
 * fields that layers outside have set.
 */
export function insteadOf(
  head: ResponseHead,
  stored: StoredResponse,
  request: CacheRequest,
  { now, said, confirmed = false }: InsteadTerms,
  { cacheStatus: detail, maxRanges }: HttpCacheRules,
): InsteadDecision {
  const answer = clientAnswer(request, stored, stored.body.length, now, maxRanges)
  // Whatever only the handler can judge, it has judged by now.
  const out = cut(answer.is === 'handler' ? { is: 'whole' } : answer, stored)
  const age = ageSeconds(stored, now)
  // Age means that this request did not reach the origin (RFC 9111 section 5.1), or that another cache within answered it.
  const aged = confirmed && age === 0 ? [] : ['Age', String(age)]
  const instead = { ...out, headers: [...out.headers, ...aged, ...cacheStatusLine(said, detail)] }
  return { headers: appliedHead(linesOutside(head.headers, head.changes), instead), capture: false, instead }
}

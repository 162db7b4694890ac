import type { EngineHandle } from '../../protocol/engine.js'
import { first, type HeaderLines } from '../message/headers.js'
import { asksForLess, asksForPartOnly, asksForSeveralParts, asksForVersion } from '../rules/client-answer.js'
import type { HttpCacheRules } from '../rules/options.js'
import { acceptsStale } from '../rules/reuse.js'
import { isFailure } from '../rules/stale-windows.js'
import { strongTag } from '../rules/stored-part.js'
import type { Asked } from './asked.js'
import { type Match, match } from './match.js'
import type { Forward, Passed } from './pass.js'
import type { Located } from './resource.js'
import { missOf, type Wanted } from './runs.js'
import type { Behind, RunsBehind } from './runs-behind.js'
import { type StaleFound, staleOf } from './stale.js'
import type { StoredResponse } from './stored-response.js'
import type { WholeResponses } from './whole-responses.js'

/** How a read is answered, by what was found for it. */
export type Decision =
  /** With what is stored. */
  | { readonly by: 'hit'; readonly stored: StoredResponse }
  /** With what is stale, and its handler runs behind the answer. */
  | { readonly by: 'stale'; readonly stale: StaleFound; readonly behind: Behind }
  /** By a 504, since the client wants no run. */
  | { readonly by: 'refusal' }
  /** By its handler, as if there were no cache. */
  | { readonly by: 'pass'; readonly passed: Passed; readonly stale?: StoredResponse | undefined }
  /** By its handler, which sees what others would. */
  | { readonly by: 'run-alone'; readonly forward: Forward; readonly detail: string }
  /** By its handler, which gets the range or condition. */
  | { readonly by: 'handler'; readonly forward: Forward; readonly stale: StoredResponse | undefined }
  /** By a run whose response is kept for others. */
  | { readonly by: 'run'; readonly wanted: Wanted }

interface Parts {
  readonly handle: EngineHandle
  readonly rules: HttpCacheRules
  readonly behind: RunsBehind
  readonly whole: WholeResponses
}

/** Decides how a read is answered: the first rule that applies wins. */
export function decide(asked: Asked, located: Located, parts: Parts): Decision {
  const { rules } = parts
  const { clock, stats } = parts.handle.engine
  const { exchange, publicOnly, wishes } = asked
  const { request } = exchange
  const now = clock.now()
  const found = match(located, request, wishes, rules, now, stats)
  if (found.is === 'usable' && isFor(asked, found.stored)) return { by: 'hit', stored: found.stored }

  const isHead = request.method === 'HEAD'
  const stale = staleOf(located, now, stats, rules.storeSetCookie)
  const ruledInside = stale !== undefined && parts.behind.isRuledInside(located)
  const takesStale = stale !== undefined && isFor(asked, stale.stored) && acceptsStale(stale.stored, wishes, now)
  const standsIn = takesStale && !ruledInside && !isHead && isBetterThanFailure(stale)
  const standIn = standsIn ? stale.stored : undefined
  if (publicOnly !== undefined) return { by: 'pass', passed: { forward: 'bypass', detail: publicOnly }, stale: standIn }
  if (ruledInside) return { by: 'pass', passed: { forward: 'stale', detail: 'left to a cache further inside' } }
  const stored = found.is === 'asked-about' ? found.stored : undefined
  const behind = stale && parts.behind.of(asked, located, stored)
  if (stale?.servable && takesStale && behind !== undefined) return { by: 'stale', stale, behind }

  if (wishes.onlyIfCached) return { by: 'refusal' }
  if (found.is === 'pass') return { by: 'run-alone', forward: 'miss', detail: found.reason }
  const forward = missOf(located.resource)
  if (isHead && found.is !== 'asked-about') {
    return { by: 'run-alone', forward, detail: 'a HEAD is answered from a stored GET' }
  }
  const beside = found.is === 'nothing' ? found.part : undefined
  const share = shareOf(asked, located, found, parts)
  if (share === 'as-the-handler-says') return { by: 'handler', forward, stale: standIn }
  const part = share === 'part'
  const onError = standIn && stale?.servableOnError ? behind : undefined
  const fresh = 'fresh' in found && found.fresh
  return {
    by: 'run',
    wanted: { stored: part ? undefined : stored, beside, part, fresh, behind: onError, stale: standIn },
  }
}

/** Whether the request may have the stored response: with credentials only a public one. */
export function isFor({ publicOnly }: Asked, stored: StoredResponse): boolean {
  return publicOnly === undefined || stored.public
}

function isBetterThanFailure({ stored, servable, servableOnError }: StaleFound): boolean {
  return servableOnError || (servable && !isFailure(stored.status))
}

/** How much of the response a run for this request should produce. */
function shareOf(
  { exchange, url }: Asked,
  { resource }: Located,
  found: Match,
  { rules, whole }: Parts,
): 'whole' | 'part' | 'as-the-handler-says' {
  const { headers } = exchange.request
  if (!asksForLess(headers)) return 'whole'
  if (found.is === 'asked-about' && !asksForVersion(headers)) return 'whole'
  const part = rules.storePartial && mayBeKept(headers, found)
  // A part may complete the stored one; and a handler may know how to answer several ranges.
  if (part && (joinableTag(found) !== undefined || (rules.maxRanges > 1 && asksForSeveralParts(headers)))) return 'part'
  if (whole.willDo(url, headers, resource !== undefined)) return 'whole'
  return part ? 'part' : 'as-the-handler-says'
}

/** Whether the requested part may be stored, by itself or joined with the stored one. */
function mayBeKept(headers: HeaderLines, found: Match): boolean {
  const version = first(headers, 'if-range')?.trim()
  return asksForPartOnly(headers) && (version === undefined || version === joinableTag(found))
}

/** The tag under which a part may be joined with the stored one. */
function joinableTag(found: Match): string | undefined {
  return found.is === 'nothing' && found.part !== undefined ? strongTag(found.part.headers) : undefined
}

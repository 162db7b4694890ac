import type { ValueFrame } from '../../entry/frame.js'
import type { SlotState } from '../../protocol/classify.js'
import type { Stats } from '../../protocol/stats.js'
import type { CacheRequest } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { isReusable, type Wishes } from '../rules/reuse.js'
import { heldParts, partsAskedFor } from '../rules/stored-part.js'
import { hasValidator } from '../rules/validation.js'
import type { Located } from './resource.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** What a variant's slot holds for one request. */
export type Match =
  | { readonly is: 'usable'; readonly stored: StoredResponse }
  /** No response is to be had, for this reason. */
  | { readonly is: 'pass'; readonly reason: string }
  /** `stored` may be used if its handler confirms it. `fresh`: only the client wants that. */
  | { readonly is: 'asked-about'; readonly stored: StoredResponse; readonly fresh: boolean }
  /** Nothing to use. `fresh`: there is a response, but not for this request. `part`: a stored part to join the answer with. */
  | { readonly is: 'nothing'; readonly fresh: boolean; readonly part?: StoredResponse }

const NOTHING: Match = { is: 'nothing', fresh: false }

/** @param stats Counts what is unreadable, once for each request. Absent: it was counted already. */
export function match(
  located: Located,
  request: CacheRequest,
  wishes: Wishes,
  rules: HttpCacheRules,
  now: number,
  stats?: Stats,
): Match {
  const { state } = located.variant
  const frame = frameOf(state)
  const variant = frame && open(frame, located, rules, stats)
  if (frame === undefined || variant === undefined) return NOTHING
  return matchVariant(
    variant,
    { fresh: state.is === 'fresh', freshUntil: frame.freshUntil },
    request,
    wishes,
    rules,
    now,
  )
}

/** The freshness of the entry that holds a variant. */
interface Standing {
  readonly fresh: boolean
  readonly freshUntil: number
}

/** As `match`, for a decoded variant. */
export function matchVariant(
  variant: Variant,
  { fresh, freshUntil }: Standing,
  request: CacheRequest,
  wishes: Wishes,
  rules: HttpCacheRules,
  now: number,
): Match {
  if ('pass' in variant) return fresh ? { is: 'pass', reason: variant.pass } : NOTHING
  const reusable = isReusable(fresh ? prolonged(variant, freshUntil, now) : outlived(variant, freshUntil), wishes, now)
  if (variant.status === 206) {
    return reusable && isPartFor(variant, request, rules, now) ? use(variant) : { is: 'nothing', fresh, part: variant }
  }
  if (reusable) return use(variant)
  return mayBeAskedAbout(variant, request, rules)
    ? { is: 'asked-about', stored: variant, fresh }
    : { is: 'nothing', fresh }
}

/** Whether the handler may be asked to confirm it. For a HEAD, which it answers with more than a 304, only by `updateByHead`. */
function mayBeAskedAbout(
  { status, headers }: StoredResponse,
  { method }: CacheRequest,
  rules: HttpCacheRules,
): boolean {
  return method === 'HEAD' ? rules.updateByHead && status === 200 : rules.keepStaleMs > 0 && hasValidator(headers)
}

function use(stored: StoredResponse): Match {
  return { is: 'usable', stored }
}

/** The value in a slot. One that was just outlived can be validated as well as a stale one. */
function frameOf(state: SlotState): ValueFrame | undefined {
  if (state.is === 'dead') return state.outlived
  return state.is === 'fresh' || state.is === 'stale' ? state.frame : undefined
}

/** A soft purge makes a response stale that would still be fresh by itself. */
function outlived(stored: StoredResponse, freshUntil: number): StoredResponse {
  return { ...stored, freshForMs: Math.min(stored.freshForMs, freshUntil - stored.receivedAt) }
}

/**
 * The frame was made a moment after the response was received, and was found fresh a moment ago. Until then the response
 * stays fresh, or it would be neither fresh nor stale in between. Not if it was stale from the beginning.
 */
function prolonged(stored: StoredResponse, freshUntil: number, now: number): StoredResponse {
  const { receivedAt, freshForMs } = stored
  if (freshForMs <= 0 || now < receivedAt + freshForMs) return stored
  return { ...stored, freshForMs: Math.max(freshUntil, now + 1) - receivedAt }
}

function open(
  frame: ValueFrame,
  { variantSlot }: Located,
  { storeSetCookie }: HttpCacheRules,
  stats?: Stats,
): Variant | undefined {
  try {
    return openVariant(frame, storeSetCookie)
  } catch {
    stats?.unreadable(variantSlot, 'value')
    return undefined
  }
}

function isPartFor(
  { headers, body }: StoredResponse,
  request: CacheRequest,
  rules: HttpCacheRules,
  now: number,
): boolean {
  const held = request.method === 'GET' ? heldParts(headers, body.length) : undefined
  return held !== undefined && partsAskedFor(request.headers, headers, held, now, rules.maxRanges) !== undefined
}

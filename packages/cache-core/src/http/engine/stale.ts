import type { ValueFrame } from '../../entry/frame.js'
import type { Stats } from '../../protocol/stats.js'
import type { Version } from '../../store/store.js'
import { isFailure } from '../rules/stale-windows.js'
import type { Located } from './resource.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant } from './variant.js'

/** A stale response, and when it may still be served. */
export interface StaleFound {
  readonly stored: StoredResponse
  readonly frame: ValueFrame
  readonly version: Version
  /** Whether it may be served at once, and refreshed behind the answer. */
  readonly servable: boolean
  /** Whether it may be served where the handler fails. */
  readonly servableOnError: boolean
}

/**
 * The stale response in a variant's slot. Pass marks are never stale, and parts are not served stale.
 * @param mayMakeCookies Whether a stored response may set cookies.
 */
export function staleOf(
  { variantSlot, variant: { state } }: Located,
  now: number,
  stats: Stats,
  mayMakeCookies: boolean,
): StaleFound | undefined {
  if (state.is !== 'stale') return undefined
  const { frame, version } = state
  try {
    const opened = openVariant(frame, mayMakeCookies)
    if ('pass' in opened || opened.status === 206) return undefined
    // A soft purge ends its freshness sooner.
    const freshForMs = Math.min(opened.freshForMs, frame.freshUntil - opened.receivedAt)
    const stored = { ...opened, freshForMs }
    const servable = now < frame.revalidateUntil
    // A stored failure is no better than a new one.
    const servableOnError = !isFailure(stored.status) && now < frame.freshUntil + stored.staleIfErrorMs
    return { stored, frame, version, servable, servableOnError }
  } catch {
    stats.unreadable(variantSlot, 'value')
    return undefined
  }
}

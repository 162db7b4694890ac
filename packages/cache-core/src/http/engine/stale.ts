import type { ValueFrame } from '../../entry/frame.js'
import type { Stats } from '../../protocol/stats.js'
import type { Version } from '../../store/store.js'
import { isFailure } from '../rules/stale-windows.js'
import type { Located } from './resource.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant } from './variant.js'

/** A response whose time is over, and what it may still be served for. */
export interface StaleFound {
  readonly stored: StoredResponse
  readonly frame: ValueFrame
  readonly version: Version
  /** It may be served at once, and refreshed behind the answer. */
  readonly servable: boolean
  /** It may be served where the handler fails. */
  readonly servableOnError: boolean
}

/**
 * What is stale in a variant's slot: a pass mark never is, and a part is not worth it.
 * @param mayMakeCookies Whether a response may set cookies.
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
    // A soft purge ends its time sooner than it says itself.
    const freshForMs = Math.min(opened.freshForMs, frame.freshUntil - opened.receivedAt)
    const stored = { ...opened, freshForMs }
    const servable = now < frame.revalidateUntil
    // One failure is no better than another.
    const servableOnError = !isFailure(stored.status) && now < frame.freshUntil + stored.staleIfErrorMs
    return { stored, frame, version, servable, servableOnError }
  } catch {
    stats.unreadable(variantSlot, 'value')
    return undefined
  }
}

import type { Clock } from '../base/clock.js'
import type { ValueFrame } from '../entry/frame.js'
import type { CallOptions } from './call.js'

type Windows = Pick<CallOptions<unknown>, 'staleWhileRevalidateMs' | 'staleIfErrorMs'>

/** Whether a stale value may be served at once, while it is refreshed. A reader may shorten the window, not lengthen it. */
export function mayRevalidateBehind(frame: ValueFrame, { staleWhileRevalidateMs }: Windows, now: number): boolean {
  return now < Math.min(frame.revalidateUntil, frame.freshUntil + staleWhileRevalidateMs)
}

/** Whether a stale value may be served when its load fails or is slow. */
export function mayServeOnError(frame: ValueFrame, { staleIfErrorMs }: Windows, now: number): boolean {
  return now < Math.min(frame.keepUntil, frame.freshUntil + staleIfErrorMs)
}

/**
 * Whether a fresh value should be refreshed now. Decided by chance, the more likely the nearer its end and the longer its
 * load took, so that one of many callers comes a little early (XFetch: Vattani et al., "Optimal probabilistic cache
 * stampede prevention", VLDB 2015).
 * @param beta 0, never; 1, as in the paper; more, earlier.
 */
export function isDueEarly({ freshUntil, loadMs }: ValueFrame, beta: number, clock: Clock): boolean {
  if (beta === 0) return false
  return clock.now() - loadMs * beta * Math.log(1 - Math.random()) >= freshUntil
}

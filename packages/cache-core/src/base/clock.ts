/**
 * All that Tiercel knows of time. Injected, so that a test needs no sleep.
 * Lifetimes of values are wall clock (processes must agree), durations inside a process are monotonic.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Milliseconds that only go forward; comparable only inside this process. */
  monotonic(): number
  /**
   * Runs `callback` once after `ms`. Returns a function that cancels it.
   * @param awaited Whether somebody waits for it: only then does it keep the process alive. Default `false`.
   */
  after(ms: number, callback: () => void, awaited?: boolean): CancelTimer
}

export type CancelTimer = () => void

/** Node runs a timer longer than this at once: 2^31 - 1 ms. */
const MAX_TIMER_MS = 2_147_483_647

export const systemClock: Clock = {
  // Looked up at each call, so that fake timers of test runners take effect.
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback, awaited = false) {
    const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS))
    // A number in workers and in jsdom, where no timer keeps a process alive.
    if (!awaited && typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
}

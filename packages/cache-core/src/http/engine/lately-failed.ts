import type { Clock } from '../../base/clock.js'
import { bySlot } from './patience.js'
import type { StoredResponse } from './stored-response.js'

interface Failure {
  /** On the monotonic clock. */
  readonly until: number
  /** When the stale response had been received: a newer one comes from a success. */
  readonly receivedAt: number
}

/**
 * Variants whose handler has failed while a stale response was stored: for the length of a lease that is served without
 * another run, unless a run succeeds before, here or in another process.
 */
export class LatelyFailed {
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #failures = bySlot<Failure>()

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  has(variantSlot: string, { receivedAt }: StoredResponse): boolean {
    const failure = this.#failures.get(variantSlot)
    return failure !== undefined && failure.receivedAt === receivedAt && failure.until > this.#clock.monotonic()
  }

  failed(variantSlot: string, { receivedAt }: StoredResponse): void {
    this.#failures.set(variantSlot, { until: this.#clock.monotonic() + this.#leaseMs, receivedAt })
  }

  succeeded(variantSlot: string): void {
    this.#failures.delete(variantSlot)
  }
}

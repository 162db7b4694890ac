import type { Clock } from '../../base/clock.js'
import { bySlot } from './patience.js'
import type { StoredResponse } from './stored-response.js'

interface Failure {
  /** On the monotonic clock. */
  readonly until: number
  /** When what stood there had been received: whatever has taken its place since was brought by a success. */
  readonly receivedAt: number
}

/**
 * Variants whose handler has failed in front of a client, while something stale stood there: for the length of a lease
 * that goes out without another run. Until a run succeeds, here or in another process.
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

import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.js'
import type { Asked } from './asked.js'

/** Memory for what is known of variants, in characters of their slots. */
const MAX_CHARACTERS = 1_048_576

/** A timer of Node's may end so much before the time that it was set to, in milliseconds of the monotonic clock. */
const EARLY_MS = 2

/** What is known of variants: as a rule a time, on the monotonic clock, until which it counts. */
export function bySlot<Known extends number | object>(): LRUCache<string, Known> {
  return new LRUCache({ maxSize: MAX_CHARACTERS, sizeCalculation: (_known, slot) => slot.length + 1 })
}

/** How long requests wait for the runs of others: once one has waited without success, the next ones do not. */
export class Patience {
  readonly waitTimeoutMs: number
  readonly #clock: Clock
  readonly #hardTimeoutMs: number
  /** Variants that requests of this process have waited for in vain. */
  readonly #vain = bySlot<number>()

  constructor(clock: Clock, { waitTimeoutMs, hardTimeoutMs }: { waitTimeoutMs: number; hardTimeoutMs: number }) {
    this.waitTimeoutMs = waitTimeoutMs
    this.#clock = clock
    this.#hardTimeoutMs = hardTimeoutMs
  }

  /** For a request that begins now, on the monotonic clock. */
  get waitUntil(): number {
    return this.#clock.monotonic() + this.waitTimeoutMs
  }

  /** For how long, in milliseconds, a request still waits. */
  left({ waitUntil }: Pick<Asked, 'waitUntil'>, variantSlot: string): number {
    const now = this.#clock.monotonic()
    const until = this.#vain.get(variantSlot)
    return until !== undefined && until > now ? 0 : Math.max(0, waitUntil - now)
  }

  /** A handler that is slower than anybody waits for may go on for the rest of its time, and nobody waits for that one. */
  ranAlone({ waitUntil }: Pick<Asked, 'waitUntil'>, variantSlot: string): void {
    const now = this.#clock.monotonic()
    const restMs = this.#hardTimeoutMs - this.waitTimeoutMs
    const known = this.#vain.get(variantSlot)
    if (now >= waitUntil - EARLY_MS && restMs > 0 && (known === undefined || known <= now)) {
      this.#vain.set(variantSlot, now + restMs)
    }
  }
}

import type { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.js'
import { textLru } from '../../base/text-lru.js'
import type { Asked } from './asked.js'

/** Memory for what is known of variants, in characters of their slots. */
const MAX_CHARACTERS = 1_048_576

/** A timer of Node may fire this much too early, by the monotonic clock. Milliseconds. */
const EARLY_MS = 2

/** A bounded map by the slots of variants. */
export function bySlot<Known extends number | object>(): LRUCache<string, Known> {
  return textLru(MAX_CHARACTERS)
}

/** How long requests wait for the runs of others. Once one has waited in vain, the next ones do not wait. */
export class Patience {
  readonly waitTimeoutMs: number
  readonly #clock: Clock
  readonly #hardTimeoutMs: number
  /** Variants that a request has waited for in vain, and until when that counts, on the monotonic clock. */
  readonly #vain = bySlot<number>()

  constructor(clock: Clock, { waitTimeoutMs, hardTimeoutMs }: { waitTimeoutMs: number; hardTimeoutMs: number }) {
    this.waitTimeoutMs = waitTimeoutMs
    this.#clock = clock
    this.#hardTimeoutMs = hardTimeoutMs
  }

  /** Until when a request that begins now will wait, on the monotonic clock. */
  get waitUntil(): number {
    return this.#clock.monotonic() + this.waitTimeoutMs
  }

  /** How long a request will still wait, in milliseconds. */
  left({ waitUntil }: Pick<Asked, 'waitUntil'>, variantSlot: string): number {
    const now = this.#clock.monotonic()
    const until = this.#vain.get(variantSlot)
    return until !== undefined && until > now ? 0 : Math.max(0, waitUntil - now)
  }

  /** A request ran its handler alone. If it had waited in vain, nobody waits for the slow run for the rest of its time. */
  ranAlone({ waitUntil }: Pick<Asked, 'waitUntil'>, variantSlot: string): void {
    const now = this.#clock.monotonic()
    const restMs = this.#hardTimeoutMs - this.waitTimeoutMs
    const known = this.#vain.get(variantSlot)
    if (now >= waitUntil - EARLY_MS && restMs > 0 && (known === undefined || known <= now)) {
      this.#vain.set(variantSlot, now + restMs)
    }
  }
}

import type { Frame } from '../entry/frame.js'
import type { DeadlineClass } from '../store/guard/attempts.js'
import type { Version } from '../store/store.js'
import { type LeaseOutcome, type LoadLease, type ReleaseReason, settle } from './lease.js'
import { newToken, refreshSlot } from './slot.js'
import type { Slots } from './slots.js'

/**
 * The outcome of a claim. `'running'`: another refresh is under way. `'backing-off'`: one failed a moment ago, and the stale
 * value is to be served meanwhile. `'overtaken'`: the value was replaced or deleted. `'failed'`: the store could not be
 * asked.
 */
export type RefreshClaim = { readonly won: LoadLease } | 'running' | 'backing-off' | 'overtaken' | 'failed'

export interface RefreshTerms {
  readonly slots: Slots
  readonly slot: string
  /** The version of the value to be replaced. */
  readonly over: Version
  /** Whether it still stands, judged by a read after the claim. */
  readonly stands: (frame: Frame | undefined) => boolean
  /** How long a crashed refresh blocks the next one, and how long none follows one that has failed. */
  readonly leaseMs: number
}

/** Stands while the value with this creation time does. */
export function sameValue(createdAt: number): RefreshTerms['stands'] {
  return (frame) => frame?.kind === 'value' && frame.createdAt === createdAt
}

const FAILED = Buffer.from('failed')
const REMOVED: Version = true

/**
 * T6: the right to refresh a stale value. A mark in a side slot keeps others from loading the same. The new value is written
 * over the version of the stale one that was read, so a delete wins as it does over a lease, whatever becomes of the mark.
 * A refresh that fails leaves its mark, so that nobody tries again for the length of a lease.
 */
export class RefreshLease<Terms extends RefreshTerms = RefreshTerms> implements LoadLease {
  readonly token = newToken()
  readonly terms: Terms

  /** Without `claim` it has no mark, for a caller that must not be answered by another load. */
  constructor(terms: Terms) {
    this.terms = terms
  }

  /** Sets the mark. */
  async claim(): Promise<RefreshClaim> {
    const { slots, slot, leaseMs } = this.terms
    const mark = refreshSlot(slot)
    const { outcome } = await settle(slots.add(mark, Buffer.from(this.token, 'latin1'), leaseMs, 'read'))
    // Ambiguous: the mark may be ours. One refresh too many is safe, and better than none.
    const won = outcome === 'won' || outcome === 'ambiguous'
    if (!won && outcome !== 'lost') return 'failed'
    try {
      if (won) {
        if (await this.#isStillWanted()) return { won: this }
        this.removeMark()
        return 'overtaken'
      }
      const standing = await slots.readAlone(mark)
      return standing !== undefined && FAILED.equals(standing.bytes) ? 'backing-off' : 'running'
    } catch {
      if (won) this.removeMark()
      return 'failed'
    }
  }

  /**
   * Another refresh may have begun and ended between the read of the stale value and the claim, its mark gone: then there
   * is nothing left to load. Without this, two or three of four processes that met a stale value at once loaded it.
   */
  async #isStillWanted(): Promise<boolean> {
    const { slots, slot, stands } = this.terms
    return stands(slots.open(slot, await slots.readAlone(slot))?.frame)
  }

  async extend(): Promise<LeaseOutcome> {
    try {
      await this.terms.slots.touch(refreshSlot(this.terms.slot), this.terms.leaseMs)
      return 'won'
    } catch {
      // Safety does not rest on the mark.
      return 'failed'
    }
  }

  async complete(bytes: Uint8Array, ttl: number | undefined, deadline: DeadlineClass): Promise<LeaseOutcome> {
    const { outcome } = await settle(
      this.terms.slots.compareAndSet(this.terms.slot, this.terms.over, bytes, ttl, deadline),
    )
    this.removeMark()
    return outcome
  }

  /** Where the loader found nothing, the stale value is removed as well. */
  async release(deadline: DeadlineClass, because: ReleaseReason): Promise<LeaseOutcome> {
    if (because === 'abandoned') {
      this.removeMark()
      return 'lost'
    }
    if (because === 'failed') {
      await this.terms.slots.set(refreshSlot(this.terms.slot), FAILED, this.terms.leaseMs).catch(() => {})
      return 'lost'
    }
    const remove = this.terms.slots.compareAndDelete(this.terms.slot, this.terms.over, deadline)
    const { outcome } = await settle(remove.then((removed) => (removed ? REMOVED : undefined)))
    this.removeMark()
    return outcome
  }

  protected removeMark(): void {
    this.terms.slots.delete(refreshSlot(this.terms.slot)).catch(() => {})
  }
}
